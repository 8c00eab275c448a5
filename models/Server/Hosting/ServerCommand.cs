using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;

namespace WafOperator.Models.Server.Hosting;

/// <summary>
/// The server's command line: arguments and variables of the environment → settings, or everything that is wrong with
/// them.
/// </summary>
internal sealed class ServerCommand
{
    private const string Description =
        """
        waf-inference: serves model packages to sidecars and to clients of the Open Inference Protocol V2.

        With --models it serves every package of a folder. In a pod of an InferencePool it follows the pool's document;
        the operator sets WAF_NAMESPACE, WAF_POOL, WAF_OPERATOR_URL, WAF_TOKEN_FILE, WAF_CA_FILE, WAF_STATE_DIR and
        WAF_POD.
        Options have a variable, which is named with them; the option wins.

        Exit codes: 0 ended as asked, 1 failed while running, 2 wrong settings, 3 ONNX Runtime or the provider is
        missing, 4 the port cannot be opened.
        """;

    private readonly ServerSettings _settings;
    private readonly RootCommand _root = new(Description);

    /// <param name="environment">Reads a variable.</param>
    /// <param name="cores">Processors of the machine.</param>
    public ServerCommand(Func<string, string?> environment, int cores)
    {
        _settings = new ServerSettings(environment, cores);
        foreach (var option in _settings.All) _root.Add(option);
        _root.Options.OfType<VersionOption>().Single().Action = new PrintVersion();
        _root.Validators.Add(_settings.Check);
        _root.SetAction(_ => 0);
    }

    /// <summary>What <paramref name="arguments"/> say.</summary>
    public ServerArguments Parse(IReadOnlyList<string> arguments)
    {
        var parsed = _root.Parse(arguments);
        var isRun = parsed.Action is not null && parsed.Action == _root.Action && parsed.Errors.Count == 0;
        return new ServerArguments(parsed, isRun ? _settings.Read(parsed) : null);
    }

    /// <summary>The library's own would add the commit.</summary>
    private sealed class PrintVersion : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            parseResult.InvocationConfiguration.Output.WriteLine(ServerProgram.Version);
            return 0;
        }
    }
}

/// <summary>
/// What the arguments say: settings to serve with, or something that the library answers (help, version, completions,
/// mistakes).
/// </summary>
internal sealed record ServerArguments(ParseResult Parsed, SettingsReading? Settings)
{
    /// <summary>What is wrong.</summary>
    public IEnumerable<string> Problems => Parsed.Errors.Select(error => error.Message);

    /// <summary>Answers what is not serving; exit code 2 after mistakes.</summary>
    public async Task<int> AnswerAsync(TextWriter output, TextWriter errors)
    {
        var invocation = new InvocationConfiguration
        {
            Output = output, Error = errors, EnableDefaultExceptionHandler = false,
        };
        if (Parsed.Action is not ParseErrorAction mistake) return await Parsed.InvokeAsync(invocation);
        mistake.ShowHelp = false;
        await Parsed.InvokeAsync(invocation);
        await errors.WriteLineAsync("See waf-inference --help.");
        return ServerProgram.Usage;
    }
}
