using System.CommandLine;
using System.Text.Json;
using WafOperator.Policies.Files;
using WafOperator.Protocols;

namespace WafOperator.Operator.Host;

/// <summary><c>compile FILE</c>: what the operator would send to sidecars for a file of manifests, without a cluster.</summary>
internal static class CompileCommand
{
    public static Command Build()
    {
        var file = new Argument<FileInfo>("file") { Description = "Manifests: one WafPolicy with its WafExclusions and ModelVersions." };
        var command = new Command("compile", "Compile a policy file and print the policy document.") { file };
        command.SetAction(parsed => Run(parsed.GetRequiredValue(file)));
        return command;
    }

    private static int Run(FileInfo file)
    {
        if (!file.Exists)
        {
            Console.Error.WriteLine($"{file}: no such file");
            return 2;
        }

        var loaded = PolicyFile.Load(File.ReadAllText(file.FullName), TimeProvider.System.GetUtcNow());
        foreach (var problem in loaded.Errors.Concat(loaded.Warnings)) Console.Error.WriteLine($"{file}: {problem}");
        if (loaded.Document is null) return 1;
        Console.WriteLine(JsonSerializer.Serialize(loaded.Document, ProtocolJson.Default.PolicyDocument));
        return 0;
    }
}
