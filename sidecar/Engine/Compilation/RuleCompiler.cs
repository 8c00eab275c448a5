using System.Globalization;
using WafOperator.Engine.Operators;
using WafOperator.Engine.Program;
using WafOperator.Engine.Values;
using WafOperator.SecLang;

namespace WafOperator.Engine.Compilation;

/// <summary>Compiles a document into a program.</summary>
internal sealed class RuleCompiler
{
    private readonly EngineOptions _options;
    private readonly DiagnosticBag _bag = new(1000);
    private readonly ConstantPool _constants = new();
    private readonly SlotAllocator _slots = new();
    private readonly TransformationTree _tree = new();
    private readonly TargetCompiler _targets;
    private readonly MacroCompiler _macros;
    private readonly ControlCompiler _controls;
    private readonly ActionCompiler _actions;
    private readonly OperatorCompiler _operators;

    private RuleCompiler(SecLangDocument document, EngineOptions options)
    {
        _options = options;
        _macros = new MacroCompiler(_constants, _slots);
        _targets = new TargetCompiler(_slots, _bag);
        _controls = new ControlCompiler(_targets, options.ModeMax, _bag);
        _actions = new ActionCompiler(_macros, _slots, _controls, _bag);
        _operators = new OperatorCompiler(document, _macros, _bag);
    }

    public static RuleCompilation Compile(SecLangDocument document, EngineOptions options) =>
        new RuleCompiler(document, options).Run(document);

    private RuleCompilation Run(SecLangDocument document)
    {
        var reader = new DraftReader(_options);
        reader.Read(document);
        if (reader.Heads.Count > _options.Limits.RulesMax)
        {
            _bag.Error(DiagnosticCodes.Limit, SourceLocation.None,
                $"A program may have {_options.Limits.RulesMax} rules.");
            return new RuleCompilation(null, _bag.ToImmutable());
        }

        var heads = reader.Heads.Select(CompileChain).ToArray();
        for (var i = 0; i < heads.Length; i++)
        {
            heads[i].Index = i;
        }

        _controls.Finish(heads);
        var names = new NameTable(_slots.Names, _constants);
        _targets.Finish(names);
        if (_bag.HasErrors)
        {
            return new RuleCompilation(null, _bag.ToImmutable());
        }

        var parts = ProgramPlanner.Plan(_options, reader.Settings, heads, reader.Markers, _tree.ToArray(), names,
            _constants.ToArray());
        return new RuleCompilation(new RuleProgram(parts), _bag.ToImmutable());
    }

    private CompiledRule CompileChain(RuleDraft head)
    {
        var first = CompileOne(head, head.Id, isHead: true);
        var last = first;
        for (var link = head.Next; link is not null; link = link.Next)
        {
            last.Next = CompileOne(link, head.Id, isHead: false);
            last = last.Next;
        }

        return first;
    }

    private CompiledRule CompileOne(RuleDraft draft, long id, bool isHead)
    {
        var (targets, exclusions) = _targets.CompileAll(draft.Targets, draft.Location, id);
        var call = draft.Operator ?? OperatorCall.Always;
        var compiled = _operators.Compile(call, draft.Location, id);
        var chain = Chain(draft);
        var node = _tree.Add(chain);
        var (isLogged, isAudited) = Logging(draft);
        var facts = new ActionFacts(draft.Actions);
        var disruption = isHead ? DisruptionOf(draft) : Disruption.None;
        return new CompiledRule
        {
            Id = id,
            Phase = draft.Phase,
            Location = draft.Location,
            Targets = targets,
            Exclusions = exclusions,
            Operator = compiled ?? new NoMatch(),
            OperatorName = call.Name,
            IsNegated = call.Negated,
            IsRefused = compiled is null || (draft.Operator is not null && targets.Length == 0),
            Node = node,
            MultiMatchNodes = facts.Has("multiMatch") ? Path(chain) : [],
            Actions = _actions.Compile(draft.Actions, draft.Location, id),
            Disruption = disruption,
            Status = Status(draft, disruption),
            RedirectUrl = facts.Macro("redirect", _macros),
            Message = facts.Macro("msg", _macros),
            Data = facts.Macro("logdata", _macros),
            Tags = [.. draft.Tags.Select(_macros.Compile)],
            TagTexts = [.. draft.Tags],
            MessageText = draft.Message,
            Severity = facts.Severity,
            Version = facts.Text("ver"),
            Revision = facts.Text("rev"),
            Maturity = facts.Number("maturity"),
            Accuracy = facts.Number("accuracy"),
            Captures = facts.Has("capture"),
            IsLogged = isLogged,
            IsAudited = isAudited,
            SkipAfter = isHead && facts.Has("skipAfter") ? facts.Text("skipAfter") : null,
            Skip = isHead ? facts.Number("skip") : 0,
        };
    }

    private static List<string> Chain(RuleDraft draft)
    {
        var chain = new List<string>();
        foreach (var action in draft.Defaults.Concat(draft.Actions))
        {
            if (action.Name != "t" || !TransformationCatalogue.All.TryGetValue(action.Argument ?? "", out var info))
            {
                continue;
            }

            if (info.Canonical == "none")
            {
                chain.Clear();
                continue;
            }

            chain.Add(info.Canonical);
        }

        return chain;
    }

    private int[] Path(List<string> chain) =>
        [.. Enumerable.Range(0, chain.Count + 1).Select(length => _tree.Add(chain.Take(length)))];

    private static (bool IsLogged, bool IsAudited) Logging(RuleDraft draft)
    {
        var (isLogged, isAudited) = (true, true);
        foreach (var action in draft.Defaults.Concat(draft.Actions))
        {
            (isLogged, isAudited) = action.Name switch
            {
                "log" => (true, true),
                "nolog" => (false, false),
                "auditlog" => (isLogged, true),
                "noauditlog" => (isLogged, false),
                _ => (isLogged, isAudited),
            };
        }

        return (isLogged, isAudited);
    }

    private static Disruption DisruptionOf(RuleDraft draft)
    {
        var own = LastDisruptive(draft.Actions);
        return (own?.Name == "block" ? LastDisruptive(draft.Defaults) : own) switch
        {
            { Name: "deny" } => Disruption.Deny,
            { Name: "drop" } => Disruption.Drop,
            { Name: "redirect" } => Disruption.Redirect,
            { Name: "pass" } => Disruption.Pass,
            { Name: "allow" } allow => allow.Argument?.Trim().ToLowerInvariant() switch
            {
                "phase" => Disruption.AllowPhase,
                "request" => Disruption.AllowRequest,
                _ => Disruption.Allow,
            },
            _ => Disruption.None,
        };
    }

    private static ActionCall? LastDisruptive(IEnumerable<ActionCall> actions) => actions.LastOrDefault(
        action => ActionCatalogue.All[action.Name] is { Kind: ActionKind.Disruptive, Support: Support.Full });

    /// <summary>The last rule of a chain that names a status decides, as in ModSecurity 3.</summary>
    private static int Status(RuleDraft draft, Disruption disruption)
    {
        var text = RuleFacts.Argument(draft.Actions, "status") ?? RuleFacts.Argument(draft.Defaults, "status");
        for (var link = draft.Next; link is not null; link = link.Next)
        {
            text = RuleFacts.Argument(link.Actions, "status") ?? text;
        }

        var status = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture,
            out var number) && number is >= 100 and <= 599
            ? number
            : 403;
        return disruption != Disruption.Redirect
            || status is 301 or 302 or 303 or 307 or 308 ? status : 302;
    }
}
