using System.Text;
using WafOperator.Cli.Running;

namespace WafOperator.Cli.Tests;

/// <summary>One run of the program within the test: arguments in; exit code and both outputs out.</summary>
internal sealed record CliRun(int Code, string Out, string Error)
{
    public static Task<CliRun> Of(params string[] arguments) => OfAsync(null, [], arguments);

    public static Task<CliRun> WithInput(string input, params string[] arguments) => OfAsync(input, [], arguments);

    public static async Task<CliRun> OfAsync(
        string? input, Dictionary<string, string> variables, string[] arguments)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var environment = new CliEnvironment
        {
            Variable = variables.GetValueOrDefault,
            Out = output,
            Error = error,
            In = () => new MemoryStream(Encoding.UTF8.GetBytes(input ?? "")),
        };
        var code = await WafCommand.InvokeAsync(arguments, environment);
        return new CliRun(code, output.ToString(), error.ToString());
    }
}
