using System.Text.Json.Nodes;
using WafOperator.Resources;

namespace WafOperator.Cli.Importing;

/// <summary>What an import gives: our objects, and a sentence for all that was not taken over as it was.</summary>
internal sealed class Imported
{
    private readonly List<JsonObject> _objects = [];
    private readonly List<string> _notes = [];

    /// <summary>Objects, ready for kubectl.</summary>
    public IReadOnlyList<JsonObject> Objects => _objects;

    /// <summary>What a person should look at, with its place.</summary>
    public IReadOnlyList<string> Notes => _notes;

    public void Note(string text)
    {
        if (!_notes.Contains(text)) _notes.Add(text);
    }

    /// <summary>Adds a policy.</summary>
    public void AddPolicy(string? ns, string name, JsonObject spec) => Add("WafPolicy", ns, name, spec);

    /// <summary>Adds an exclusion.</summary>
    public void AddExclusion(string? ns, string name, JsonObject spec) => Add("WafExclusion", ns, name, spec);

    private void Add(string kind, string? ns, string name, JsonObject spec)
    {
        var metadata = new JsonObject { ["name"] = name };
        if (!string.IsNullOrEmpty(ns)) metadata["namespace"] = ns;
        _objects.Add(new JsonObject
        {
            ["apiVersion"] = ApiGroup.ApiVersion, ["kind"] = kind, ["metadata"] = metadata, ["spec"] = spec,
        });
    }
}
