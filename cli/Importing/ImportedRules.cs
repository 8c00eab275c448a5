using System.Text.Json.Nodes;

namespace WafOperator.Cli.Importing;

/// <summary>What SecLang text says, in our fields. Filled by <see cref="ModSecurityImport"/>.</summary>
internal sealed class ImportedRules
{
    /// <summary><c>Off</c>, <c>Detect</c> or <c>Enforce</c>; null where the text does not say.</summary>
    public string? Mode { get; set; }

    public bool UsesCoreRuleSet { get; set; }

    public int? Paranoia { get; set; }

    public int? DetectionParanoia { get; set; }

    public int? InboundThreshold { get; set; }

    public int? OutboundThreshold { get; set; }

    public bool InspectsResponses { get; set; }

    public string? BodyMode { get; set; }

    public string? BodyLimit { get; set; }

    public string? OverLimit { get; set; }

    public List<string> Methods { get; } = [];

    public List<string> ContentTypes { get; } = [];

    public List<string> DisabledRules { get; } = [];

    /// <summary>Exclusions, without the name of their policy.</summary>
    public List<JsonObject> Exclusions { get; } = [];

    /// <summary>SecLang before the rule sets.</summary>
    public List<string> Before { get; } = [];

    /// <summary>SecLang behind them.</summary>
    public List<string> Own { get; } = [];

    /// <summary>The fields of <c>spec</c> that come of it.</summary>
    public JsonObject ToSpec(JsonArray targets)
    {
        var rules = new JsonObject { ["sets"] = UsesCoreRuleSet ? new JsonArray("owasp-crs") : new JsonArray() };
        Put(rules, "paranoia", Paranoia);
        Put(rules, "detectionParanoia", DetectionParanoia >= (Paranoia ?? 1) ? DetectionParanoia : null);
        Put(rules, "inboundThreshold", InboundThreshold);
        Put(rules, "outboundThreshold", OutboundThreshold);
        if (InspectsResponses) rules["inspectResponses"] = true;
        Put(rules, "allowedMethods", Methods);
        Put(rules, "allowedContentTypes", ContentTypes);
        Put(rules, "disabledRules", DisabledRules);
        if (Before.Count > 0) rules["inlineBefore"] = string.Join('\n', Before) + "\n";
        if (Own.Count > 0) rules["inline"] = string.Join('\n', Own) + "\n";
        var spec = new JsonObject { ["targetRefs"] = targets, ["mode"] = Mode ?? "Detect", ["rules"] = rules };
        var body = new JsonObject();
        if (BodyMode is not null) body["mode"] = BodyMode;
        if (BodyLimit is not null) body["limit"] = BodyLimit;
        if (OverLimit is not null) body["overLimit"] = OverLimit;
        if (body.Count > 0) spec["body"] = body;
        return spec;
    }

    private static void Put(JsonObject rules, string name, int? value)
    {
        if (value is { } number) rules[name] = number;
    }

    private static void Put(JsonObject rules, string name, List<string> values)
    {
        if (values.Count > 0) rules[name] = new JsonArray([.. values.Distinct().Select(v =>
            (JsonNode)JsonValue.Create(v)!)]);
    }
}
