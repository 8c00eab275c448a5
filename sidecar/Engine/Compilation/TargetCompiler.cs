using System.Collections.Immutable;
using System.Text;
using WafOperator.Engine.Values;
using WafOperator.Engine.Variables;
using WafOperator.SecLang;

namespace WafOperator.Engine.Compilation;

/// <summary>Turns a rule's variables into targets.</summary>
internal sealed class TargetCompiler(SlotAllocator slots, DiagnosticBag bag)
{
    private readonly List<Target> _txPatterns = [];
    private readonly Dictionary<string, NamePattern> _patterns = new(StringComparer.Ordinal);

    /// <summary>Null for a variable that is always empty here, or one that cannot be read.</summary>
    public Target? Compile(VariableTarget target, SourceLocation location, long id)
    {
        var variable = VariableNames.Find(target.Variable, target.SelectorKind, target.Selector);
        if (variable == VariableId.None)
        {
            return null;
        }

        var kind = target.SelectorKind == SelectorKind.XPath ? SelectorKind.None : target.SelectorKind;
        NamePattern? pattern = null;
        if (kind == SelectorKind.Regex)
        {
            pattern = Pattern(target.Selector, out var problem);
            if (pattern is null)
            {
                bag.Error(DiagnosticCodes.VariableSyntax, location,
                    $"The selector of '{target}' is no pattern: {problem}", id);
                return null;
            }
        }

        var name = kind == SelectorKind.Name ? Encoding.Latin1.GetBytes(target.Selector.ToLowerInvariant()) : [];
        var slot = variable == VariableId.Tx && kind == SelectorKind.Name ? slots.Place(target.Selector) : -1;
        var compiled = new Target(variable, target.Mode, kind, name, pattern, slot);
        if (variable is VariableId.Tx or VariableId.Env && pattern is not null)
        {
            _txPatterns.Add(compiled);
        }

        return compiled;
    }

    private NamePattern? Pattern(string text, out string? problem)
    {
        problem = null;
        if (_patterns.TryGetValue(text, out var known))
        {
            return known;
        }

        var pattern = NamePattern.Compile(text, out problem);
        if (pattern is not null)
        {
            _patterns.Add(text, pattern);
        }

        return pattern;
    }

    /// <summary>Once all names are known: which of them each pattern over TX means.</summary>
    public void Finish(NameTable names)
    {
        foreach (var target in _txPatterns)
        {
            var fits = new bool[names.Count];
            for (var slot = 0; slot < fits.Length; slot++)
            {
                fits[slot] = target.Pattern!.IsMatch(names.NameOf(slot));
            }

            target.FittingSlots = fits;
        }
    }

    public (Target[] Targets, Target[] Exclusions) CompileAll(
        ImmutableArray<VariableTarget> targets, SourceLocation location, long id)
    {
        var kept = new List<Target>();
        var exclusions = new List<Target>();
        foreach (var target in targets)
        {
            if (Compile(target, location, id) is { } compiled)
            {
                (compiled.Mode == TargetMode.Exclusion ? exclusions : kept).Add(compiled);
            }
        }

        return ([.. kept], [.. exclusions]);
    }
}
