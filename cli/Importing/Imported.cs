using System.Text.Json.Nodes;
using WafOperator.Resources;

namespace WafOperator.Cli.Importing;

/// <summary>What an import gives: our objects, and a sentence for all that was not taken over as it was.</summary>
internal sealed class Imported
{
    private readonly List<JsonObject> _objects = [];
    /// <summary>Notes that are kept; a file may give rise to any number.</summary>
    public const int NotesMax = 1_000;

    private readonly List<string> _notes = [];
    private readonly HashSet<string> _noted = new(StringComparer.Ordinal);
    private int _more;

    /// <summary>Objects, ready for kubectl.</summary>
    public IReadOnlyList<JsonObject> Objects => _objects;

    /// <summary>What a person should look at, with its place.</summary>
    public IReadOnlyList<string> Notes => _more == 0 ? _notes
        : [.. _notes, $"{_more} more are left out: import fewer files at a time"];

    /// <summary>Adds a note, once.</summary>
    public void Note(string text)
    {
        if (_noted.Contains(text)) return;
        if (_notes.Count == NotesMax)
        {
            _more++;
            return;
        }

        _noted.Add(text);
        _notes.Add(text);
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
