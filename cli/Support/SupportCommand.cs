using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using WafOperator.Cli.Output;
using WafOperator.Cli.Running;

namespace WafOperator.Cli.Support;

/// <summary><c>support-bundle</c>: everything that helps somebody else to help, redacted, as one archive.</summary>
internal static class SupportCommand
{
    public static Command Build(CliEnvironment environment)
    {
        var to = new Option<string?>("--to")
        {
            Description = "File to write (default: waf-support-TIME.tar.gz here); it must not exist.",
                HelpName = "FILE",
        };
        var command = new Command(
            "support-bundle",
                "Write objects, checks and logs to an archive, without secrets, tokens and client addresses.")
        {
            to,
        };
        command.Runs(environment, async (invocation, cancellationToken) =>
        {
            var folder = string.Create(CultureInfo.InvariantCulture, $"waf-support-{invocation.Now:yyyyMMdd-HHmmss}");
            var path = invocation.Parsed.GetValue(to) ?? folder + ".tar.gz";
            if (File.Exists(path)) throw new CliException($"{path} is there already", "name another file with --to");
            var files = await new SupportBundle(invocation).CollectAsync(cancellationToken);
            // For whoever asked only: it tells much of the cluster, however much was taken out.
            var create = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows()) create.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            await using (var output = new FileStream(path, create))
                SupportBundle.Write(output, folder, files, invocation.Now);
            invocation.Write(new Report(
                new JsonObject { ["kind"] = "SupportBundle", ["file"] = path,
                    ["files"] = Report.Array(files.Select(f => f.Name)) },
                [path],
                (text, paint) =>
                {
                    foreach (var file in files) text.WriteLine($"  {file.Name} ({file.Text.Length} characters)");
                    text.WriteLine($"{paint.Strong(path)}: look through it before you give it away: tar xzf {path}");
                }));
            return ExitCodes.Ok;
        });
        return command;
    }
}
