using System.Collections.Immutable;
using System.Text.RegularExpressions;
using WafOperator.SecLang;

namespace WafOperator.Policies.Rules;

/// <summary>
/// Which variables of a transaction (<c>TX</c>) rules of a ConfigMap may write: scores and thresholds of others steer
/// others' verdicts.
/// Beside rules that are not known here, only scores upwards and names that begin with <c>local_</c> or
/// <c>custom_</c>; else all but those
/// that the policy's own text speaks of. A value that is set only where there is none is never in force: the policy
/// sets them all first.
/// </summary>
internal sealed partial class ScoreVariables
{
    private static readonly string[] OwnPrefixes = ["local_", "custom_"];

    /// <summary>The version of the set-up, which CRS asks for.</summary>
    private const string SetupVersion = "crs_setup_version";

    /// <summary>What severities count is always somebody else's: scores are raised by it.</summary>
    private readonly HashSet<string> _ofOthers = new(StringComparer.OrdinalIgnoreCase)
    {
        "critical_anomaly_score", "error_anomaly_score", "warning_anomaly_score", "notice_anomaly_score",
    };

    private readonly HashSet<string> _settings = new(StringComparer.OrdinalIgnoreCase);
    private readonly bool _isUnknown;
    private readonly bool _areHeadsChanged;

    /// <param name="trusted">Directives that the policy vouches for.</param>
    /// <param name="hasUnseen">There are rules beside these, which are not known here.</param>
    /// <param name="areHeadsChanged">A directive that nobody vouches for may change the condition of a rule, so that it
    /// is no longer what its text says.</param>
    public ScoreVariables(IReadOnlyList<Directive> trusted, bool hasUnseen, bool areHeadsChanged)
    {
        (_isUnknown, _areHeadsChanged) = (hasUnseen, areHeadsChanged);
        foreach (var directive in trusted)
        {
            var (targets, operand, actions) = directive switch
            {
                RuleDirective rule => (rule.Targets, rule.Operator.Argument, rule.Actions),
                ActionDirective always => ([], "", always.Actions),
                _ => (ImmutableArray<VariableTarget>.Empty, "", ImmutableArray<ActionCall>.Empty),
            };
            foreach (var target in targets.Where(t => t.Variable == "TX"))
            {
                if (target.SelectorKind is SelectorKind.Name) _ofOthers.Add(target.Selector);
                else _isUnknown = true;
            }

            AddMacros(operand);
            foreach (var action in actions)
            {
                AddMacros(action.Argument ?? "");
                if (action.Name is not "setvar" || NameOf(action.Argument ?? "") is not { } name) continue;
                var isSetting = directive.Location.File == SettingsText.Source;
                if (isSetting) _settings.Add(name);
                if (!isSetting || !Score().IsMatch(name)) _ofOthers.Add(name);
            }
        }
    }

    /// <summary>The action in words where it must not be, else null.</summary>
    /// <param name="action">setvar, expirevar or deprecatevar.</param>
    /// <param name="head">The first rule of the chain, or null for a rule without a condition.</param>
    public string? Refusal(ActionCall action, RuleDirective? head)
    {
        var text = action.Argument ?? "";
        if (NameOf(text) is not { } name) return null;
        var isFine = action.Name is "setvar" && IsRaise(name, text) || IsWhereThereIsNone(head, name)
            || name.Equals(SetupVersion, StringComparison.OrdinalIgnoreCase)
            || (!_isUnknown || IsOwnName(name)) && !MayBeOfOthers(name);
        return isFine ? null : $"{action.Name}:{text}";
    }

    private static bool IsOwnName(string name) =>
        OwnPrefixes.Any(prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase));

    /// <summary>A name with macros is only known up to the first of them.</summary>
    private bool MayBeOfOthers(string name)
    {
        var macro = name.IndexOf("%{", StringComparison.Ordinal);
        return macro < 0 ? _ofOthers.Contains(name)
            : _ofOthers.Any(other => other.StartsWith(name[..macro], StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>A score that goes up by a number, or by what a severity counts.</summary>
    private static bool IsRaise(string name, string text)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        return !text.StartsWith('!') && equals > 0 && Score().IsMatch(name) && Raise().IsMatch(text[(equals + 1)..]);
    }

    /// <summary>Only of what the policy sets: that of others might come later, and find it set.</summary>
    private bool IsWhereThereIsNone(RuleDirective? head, string name) => !_areHeadsChanged && _settings.Contains(name)
        && head is not null && !head.Actions.Any(IsTransformation) && head is
    {
        Targets: [{ Variable: "TX", Mode: TargetMode.Count, SelectorKind: SelectorKind.Name } target],
        Operator: { Name: "eq", Negated: false, Argument: "0" },
    } && target.Selector.Equals(name, StringComparison.OrdinalIgnoreCase);

    /// <summary>The engine transforms a count as well, and what is no number then counts as 0.</summary>
    private static bool IsTransformation(ActionCall action) => action.Name is "t"
        && action.Argument?.Trim().Equals("none", StringComparison.OrdinalIgnoreCase) is not true;

    /// <summary>The name of a variable of TX that a setvar writes; null for another collection.</summary>
    private static string? NameOf(string text)
    {
        var left = text.TrimStart('!').Split('=', 2)[0].Trim();
        // The engine takes either.
        var end = left.AsSpan().IndexOfAny('.', ':');
        var collection = end < 0 ? left : left[..end];
        return collection.Trim().Equals("tx", StringComparison.OrdinalIgnoreCase) ? left[(end + 1)..].Trim() : null;
    }

    private void AddMacros(string text)
    {
        foreach (Match macro in TxMacro().Matches(text)) _ofOthers.Add(macro.Groups[1].Value);
    }

    // What a severity counts is no score: raised without end, it would turn below zero.
    [GeneratedRegex(@"\A(?!(?:critical|error|warning|notice)_)(?:[a-z_]+_)?anomaly_score(?:_pl[1-4])?\z|\A"
        + @"(?:sql_injection|xss|rfi|lfi|rce|php_injection|http_violation|session_fixation)_score\z",
        RegexOptions.IgnoreCase)]
    private static partial Regex Score();

    [GeneratedRegex(@"\A\+(?:[0-9]{1,6}|%\{tx\.(?:critical|error|warning|notice)_anomaly_score\})\z",
        RegexOptions.IgnoreCase)]
    private static partial Regex Raise();

    [GeneratedRegex(@"%\{tx[.:]([^}]+)\}", RegexOptions.IgnoreCase)]
    private static partial Regex TxMacro();
}
