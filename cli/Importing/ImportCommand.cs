using System.CommandLine;
using System.Text.Json.Nodes;
using WafOperator.Cli.Analysis;
using WafOperator.Cli.Output;
using WafOperator.Cli.Running;
using WafOperator.Kubernetes.Objects;
using WafOperator.Resources.Schema;

namespace WafOperator.Cli.Importing;

/// <summary><c>import</c>: what another WAF was told, as our objects, on the output; nothing is applied.</summary>
internal static class ImportCommand
{
    public static Command Build(CliEnvironment environment)
    {
        var command = new Command(
            "import", "Turn another WAF's configuration into WafPolicies and WafExclusions, and say what is lost.");
        command.Add(BuildOne(
            environment, "ingress-nginx", "Ingresses with annotations of ingress-nginx (kubectl get ingress -o yaml).",
            (sources, _, _, imported) =>
            {
                foreach (var ingress in Objects(sources).Where(item => item.Text("kind") == "Ingress"))
                    IngressImport.Take(ingress, imported);
            }));
        command.Add(BuildOne(
            environment, "modsecurity", "modsecurity.conf, crs-setup.conf, exclusions and own rules, in this order.",
            TakeModSecurity));
        command.Add(BuildOne(
            environment, "coraza", "Engines of the Coraza Kubernetes Operator with their RuleSets and rules.",
            (sources, _, _, imported) => CorazaImport.Take([.. Objects(sources)], imported)));
        return command;
    }

    /// <summary>Objects as YAML, with what is to be looked at in comments before them.</summary>
    internal static Report ReportOf(Imported imported) => new(
        new JsonObject
        {
            ["apiVersion"] = "v1", ["kind"] = "List",
            ["items"] = new JsonArray([.. imported.Objects.Select(item => item.DeepClone())]),
        },
        [.. imported.Objects.Select(item =>
            $"{item["kind"]!.GetValue<string>().ToLowerInvariant()}/{item["metadata"]!["name"]!.GetValue<string>()}")],
        (output, _) =>
        {
            foreach (var note in imported.Notes) output.WriteLine($"# {PlainText.Of(note)}");
            for (var i = 0; i < imported.Objects.Count; i++)
            {
                if (i > 0) output.WriteLine("---");
                output.Write(YamlText.Write(imported.Objects[i]));
            }
        });

    private static IEnumerable<System.Text.Json.JsonElement> Objects(IReadOnlyList<SourceText> sources) =>
        sources.SelectMany(source => ManifestDocuments.Read(source.Name, source.Text));

    private static Command BuildOne(
        CliEnvironment environment, string name, string description,
        Action<IReadOnlyList<SourceText>, Invocation, string, Imported> take)
    {
        var files = new Option<string[]>("--filename", "-f")
        {
            Description = "Files, folders, or - (repeatable).", HelpName = "FILE", Required = true,
            AllowMultipleArgumentsPerToken = true,
        };
        var command = new Command(name, description) { files };
        var policyName = new Option<string>("--name")
        {
            Description = "Name of the policy.", HelpName = "NAME", DefaultValueFactory = _ => "imported",
        };
        if (name == "modsecurity") command.Add(policyName);
        command.Runs(environment, (invocation, _) =>
        {
            var imported = new Imported();
            var sources = SourceFiles.Read(invocation.Parsed.GetRequiredValue(files), environment);
            take(sources, invocation, name == "modsecurity" ? invocation.Parsed.GetValue(policyName)! : "", imported);
            if (imported.Objects.Count == 0)
                throw new CliException("there was nothing to import", $"kubectl waf import {name} --help",
                    ExitCodes.Found);
            invocation.Write(ReportOf(imported));
            if (invocation.Format is not OutputFormat.Text)
                foreach (var note in imported.Notes) invocation.Note($"note: {PlainText.Of(note)}");
            return Task.FromResult(ExitCodes.Ok);
        });
        return command;
    }

    private static void TakeModSecurity(
        IReadOnlyList<SourceText> sources, Invocation invocation, string name, Imported imported)
    {
        var ns = invocation.NamedNamespace;
        var reader = new ModSecurityImport(imported);
        ImportedRules? rules = null;
        foreach (var source in sources) rules = reader.Read(source.Name, source.Text);
        if (rules is null) return;
        imported.AddPolicy(ns, name, rules.ToSpec([]));
        for (var i = 0; i < rules.Exclusions.Count; i++)
        {
            rules.Exclusions[i].Insert(0, "policy", name);
            imported.AddExclusion(ns, $"{name}-{i + 1}", rules.Exclusions[i]);
        }

        imported.Note("name the workloads to protect in spec.targetRefs");
    }
}
