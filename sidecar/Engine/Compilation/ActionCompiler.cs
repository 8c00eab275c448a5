using WafOperator.Engine.Actions;
using WafOperator.Engine.Program;
using WafOperator.Engine.Variables;
using WafOperator.SecLang;

namespace WafOperator.Engine.Compilation;

/// <summary>
/// Turns the actions that work on every match (setvar, ctl, …) into something that runs, in their order.
/// </summary>
internal sealed class ActionCompiler(MacroCompiler macros, SlotAllocator slots, ControlCompiler controls,
    DiagnosticBag bag)
{
    public RuleAction[] Compile(IEnumerable<ActionCall> actions, SourceLocation location, long id)
    {
        var compiled = new List<RuleAction>();
        foreach (var action in actions)
        {
            if (CompileOne(action, location, id) is { } one)
            {
                compiled.Add(one);
            }
        }

        return [.. compiled];
    }

    private RuleAction? CompileOne(ActionCall action, SourceLocation location, long id)
    {
        var argument = action.Argument ?? "";
        switch (action.Name)
        {
            case "setvar":
                return SetVariable(argument, location, id);
            case "setenv":
                var (name, value) = Split(argument.TrimStart('!'));
                return new SetEnvironment(macros.Compile(name), macros.Compile(value ?? "1"), argument.StartsWith('!'));
            case "expirevar" or "deprecatevar":
                return Expire(action.Name, argument, location, id);
            case "initcol":
                var (collection, key) = Split(argument);
                return FindCollection(collection, location, id) is { } found && VariableNames.IsPersistent(found)
                    ? new InitCollection(found, macros.Compile(key ?? ""), isIdentity: false)
                    : null;
            case "setsid":
                return new InitCollection(VariableId.Session, macros.Compile(argument), isIdentity: true);
            case "setuid":
                return new InitCollection(VariableId.User, macros.Compile(argument), isIdentity: true);
            case "setrsc":
                return new InitCollection(VariableId.Resource, macros.Compile(argument), isIdentity: true);
            case "sanitiseArg" or "sanitiseRequestHeader" or "sanitiseResponseHeader":
                return new Sanitize(argument);
            case "sanitiseMatched" or "sanitiseMatchedBytes":
                return new Sanitize(null);
            case "ctl":
                return controls.Compile(argument, location, id);
            default:
                return null;
        }
    }

    private SetVariable? SetVariable(string argument, SourceLocation location, long id)
    {
        var unset = argument.StartsWith('!');
        var (left, right) = Split(unset ? argument[1..] : argument);
        if (SplitName(left, location, id) is not var (collection, name))
        {
            return null;
        }

        var operation = unset ? SetOperation.Unset : SetOperation.Assign;
        var value = right ?? "1";
        if (!unset && value.Length > 0 && value[0] is ('+' or '-'))
        {
            operation = value[0] == '+' ? SetOperation.Add : SetOperation.Subtract;
            value = value[1..];
        }

        var macro = macros.Compile(name);
        var slot = collection == VariableId.Tx && macro.IsConstant ? slots.Place(name) : -1;
        return new SetVariable(collection, macro, slot, operation, macros.Compile(value));
    }

    private RuleAction? Expire(string action, string argument, SourceLocation location, long id)
    {
        var (left, right) = Split(argument);
        if (SplitName(left, location, id) is not var (collection, name) || !VariableNames.IsPersistent(collection))
        {
            return null;
        }

        var value = macros.Compile(right ?? "0");
        return action == "expirevar"
            ? new ExpireVariable(collection, macros.Compile(name), value)
            : new DeprecateVariable(collection, macros.Compile(name), value);
    }

    private (VariableId Collection, string Name)? SplitName(string text, SourceLocation location, long id)
    {
        var at = text.AsSpan().IndexOfAny('.', ':');
        if (at < 0)
        {
            bag.Error(DiagnosticCodes.ActionArgument, location, $"'{text}' names no collection: write collection.name.",
                id);
            return null;
        }

        return FindCollection(text[..at], location, id) is { } collection ? (collection,
            text[(at + 1)..].Trim()) : null;
    }

    private VariableId? FindCollection(string name, SourceLocation location, long id)
    {
        var collection = VariableNames.Find(name.Trim().ToUpperInvariant(), SelectorKind.None, "");
        if (collection == VariableId.Tx || VariableNames.IsPersistent(collection))
        {
            return collection;
        }

        bag.Error(DiagnosticCodes.ActionArgument, location,
            $"'{name}' is no collection that rules can write: tx, ip, global, session, user or resource.", id);
        return null;
    }

    private static (string Left, string? Right) Split(string argument)
    {
        var equals = argument.IndexOf('=', StringComparison.Ordinal);
        return equals < 0 ? (argument.Trim(), null) : (argument[..equals].Trim(), argument[(equals + 1)..].Trim());
    }
}
