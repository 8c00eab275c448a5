using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using WafOperator.Models.Server.Repository;
using WafOperator.OnnxRuntime;
using WafOperator.Protocols.Distribution;

namespace WafOperator.Models.Server.Hosting;

/// <summary>
/// The options, each with its variable of the environment, and the settings that they make.
/// Files that they name are read by the program, not here.
/// </summary>
internal sealed class ServerSettings
{
    private static readonly ServerOptions Defaults = new();

    private readonly Func<string, string?> _environment;
    private readonly int _cores;
    private readonly Option<string?> _models, _publicKey, _onnxRuntime;
    private readonly Option<Uri> _listen;
    private readonly Option<OrtProvider> _provider;
    private readonly Option<ModelPrecision> _precision;
    private readonly Option<int?> _workers;
    private readonly Option<int> _device, _threads, _batchTokens, _batchRows, _queueLength;
    private readonly Option<TimeSpan> _queueDelay, _drain;
    private readonly Option<TimeSpan?> _linger;
    private readonly Option<bool> _repositoryChanges;

    public ServerSettings(Func<string, string?> environment, int cores)
    {
        (_environment, _cores) = (environment, cores);
        var batching = Defaults.Batching;
        _models = Text("--models", "WAF_MODELS_DIR", "DIR", "Packages (*.tar, signatures as *.tar.sig).");
        _listen = Parsed("--listen", null, "URL", "Where requests come in; HTTP/1.1 and HTTP/2 on one port.",
            Defaults.Listen, Listen);
        _provider = Parsed("--provider", "WAF_PROVIDER", "NAME", "Cpu, Cuda or TensorRt.", OrtProvider.Cpu,
            Name<OrtProvider>);
        _device = Number("--device", "WAF_DEVICE", "Number of the GPU.", 0, (0, 63));
        _precision = Parsed("--precision", "WAF_PRECISION", "NAME", "Fp32, Fp16 or Int8, where the package has it.",
            ModelPrecision.Fp32, Name<ModelPrecision>);
        _workers = Parsed<int?>("--workers", "WAF_WORKERS", "N",
            "Batches at once (default: the cores, 2 on a device).", null, text => Integer(text, (1, 256)));
        _threads = Number("--threads", "WAF_THREADS", "Threads inside one batch.", 1, (1, 256));
        _queueDelay = Parsed("--queue-delay-max", "WAF_QUEUE_DELAY_MAX", "TIME",
            "How long a request waits for company (default: 1ms).",
            batching.QueueDelayMax, text => Duration(text, TimeSpan.FromHours(1)));
        _batchTokens = Number("--batch-tokens-max", "WAF_BATCH_TOKENS_MAX", "Padded tokens of a batch.",
            batching.BatchTokensMax, (64, 10_000_000));
        _batchRows = Number("--batch-rows-max", "WAF_BATCH_ROWS_MAX", "Rows of a batch, however short; 1: no batches.",
            batching.BatchRowsMax, (1, 65_536));
        _queueLength = Number("--queue-length-max", "WAF_QUEUE_LENGTH_MAX", "Requests waiting; more are refused.",
            batching.QueueLengthMax, (1, 1_000_000));
        _publicKey = Text("--public-key", "WAF_PUBLIC_KEY_FILE", "FILE",
            "PEM: only packages signed with it are served.");
        _onnxRuntime = Text("--onnxruntime", "WAF_ONNXRUNTIME", "FILE",
            "libonnxruntime.so of a build with other providers.");
        _drain = Parsed("--drain", "WAF_DRAIN", "TIME", "Longest time for what is in flight at the end (default: 20s).",
            Defaults.Drain, text => Duration(text, TimeSpan.FromHours(1)));
        _linger = Parsed<TimeSpan?>("--linger", "WAF_LINGER", "TIME",
            "How long it serves without being ready at the end (default: 5s in a pod).",
            null, text => Duration(text, TimeSpan.FromMinutes(10)));
        _repositoryChanges = new("--repository-changes") { Description = "Allow load and unload over the API." };
    }

    public IReadOnlyList<Option> All =>
    [
        _models, _listen, _provider, _device, _precision, _workers, _threads, _queueDelay, _batchTokens, _batchRows,
        _queueLength, _publicKey, _onnxRuntime, _drain, _linger, _repositoryChanges,
    ];

    /// <summary>What options cannot say one by one.</summary>
    public void Check(CommandResult result)
    {
        var (ns, pool) = (_environment("WAF_NAMESPACE"), _environment("WAF_POOL"));
        var url = _environment("WAF_OPERATOR_URL");
        if (!string.IsNullOrEmpty(pool))
        {
            if (string.IsNullOrEmpty(ns)) result.AddError("WAF_POOL is set, but WAF_NAMESPACE is not");
            if (OperatorUrl(url) is null)
                result.AddError($"WAF_POOL is set, but WAF_OPERATOR_URL ({url ?? "not set"}) is not a URL");
        }
        else if (result.GetResult(_models) is not { Implicit: false }
            && string.IsNullOrEmpty(_environment("WAF_MODELS_DIR")))
        {
            result.AddError("there is nothing to serve: give --models DIR, or run it in an InferencePool");
        }
    }

    /// <summary>The settings of arguments without mistakes.</summary>
    public SettingsReading Read(ParseResult parsed)
    {
        var provider = parsed.GetValue(_provider);
        var batchTokens = parsed.GetValue(_batchTokens);
        var (pool, address) = PoolOf();
        var options = Defaults with
        {
            ModelsDirectory = parsed.GetValue(_models),
            Listen = parsed.GetRequiredValue(_listen),
            Provider = provider,
            Device = parsed.GetValue(_device),
            Precision = parsed.GetValue(_precision),
            Workers = parsed.GetValue(_workers) ?? (provider is OrtProvider.Cpu ? Math.Clamp(_cores, 1, 256) : 2),
            Threads = parsed.GetValue(_threads),
            Batching = Defaults.Batching with
            {
                QueueDelayMax = parsed.GetValue(_queueDelay),
                BatchTokensMax = batchTokens,
                // Bounds of a request and of the queue grow with the batch, so that what fits a batch is taken in.
                RequestTokensMax = Math.Max(Defaults.Batching.RequestTokensMax, batchTokens),
                QueueTokensMax = Math.Max(Defaults.Batching.QueueTokensMax, 16L * batchTokens),
                BatchRowsMax = parsed.GetValue(_batchRows),
                QueueLengthMax = parsed.GetValue(_queueLength),
            },
            AllowsRepositoryChanges = parsed.GetValue(_repositoryChanges),
            Drain = parsed.GetValue(_drain),
            Linger = parsed.GetValue(_linger) ?? TimeSpan.FromSeconds(pool is null ? 0 : 5),
            Pool = pool,
            Operator = address,
            StateDirectory = _environment("WAF_STATE_DIR"),
            Pod = _environment("WAF_POD"),
        };
        return new(options, parsed.GetValue(_publicKey), parsed.GetValue(_onnxRuntime));
    }

    private (PoolIdentity? Pool, OperatorAddress? Operator) PoolOf() =>
        _environment("WAF_POOL") is { Length: > 0 } pool
            ? (new PoolIdentity(_environment("WAF_NAMESPACE")!, pool),
                new OperatorAddress(
                    OperatorUrl(_environment("WAF_OPERATOR_URL"))!,
                    _environment("WAF_TOKEN_FILE"), _environment("WAF_CA_FILE")))
            : (null, null);

    private static Uri? OperatorUrl(string? text) =>
        Uri.TryCreate(text?.TrimEnd('/') + "/", UriKind.Absolute, out var url) && url.Scheme is "https" or "http"
            ? url : null;

    private Option<string?> Text(string name, string variable, string value, string description) =>
        Parsed<string?>(name, variable, value, description, null, text => (text, null));

    private Option<int> Number(
        string name, string variable, string description, int fallback, (int Least, int Most) bounds) =>
        Parsed(name, variable, "N", $"{description.TrimEnd('.')} (default: {fallback}).", fallback, text =>
        {
            var (number, problem) = Integer(text, bounds);
            return (number ?? 0, problem);
        });

    /// <summary>An option whose text, or that of its variable, is read alike.</summary>
    private Option<T> Parsed<T>(
        string name, string? variable, string value, string description, T fallback,
        Func<string, (T? Value, string? Problem)> read)
    {
        return new Option<T>(name)
        {
            Description = variable is null ? description : $"{description} [{variable}]",
            HelpName = value,
            CustomParser = result => Read(name, result.Tokens[0].Value, result),
            DefaultValueFactory = result => variable is not null && _environment(variable) is { Length: > 0 } text
                ? Read(variable, text, result)!
                : fallback,
        };

        T? Read(string source, string text, ArgumentResult result)
        {
            var (given, problem) = read(text);
            if (problem is not null) result.AddError($"{source}: {text} {problem}");
            return given;
        }
    }

    private static (int? Value, string? Problem) Integer(string text, (int Least, int Most) bounds) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            && number >= bounds.Least && number <= bounds.Most
                ? (number, null)
                : (null, $"is not a number from {bounds.Least} to {bounds.Most}");

    private static (T Value, string? Problem) Name<T>(string text) where T : struct, Enum =>
        Enum.TryParse<T>(text, ignoreCase: true, out var value) && Enum.IsDefined(value) && !char.IsAsciiDigit(text[0])
            ? (value, null)
            : (default, $"is none of {string.Join(", ", Enum.GetNames<T>())}");

    private static (TimeSpan Value, string? Problem) Duration(string text, TimeSpan most) =>
        SettingDuration.TryParse(text, out var time) && time <= most
            ? (time, null)
            : (default, $"is not a duration such as 1ms or 1m30s of at most {most.TotalSeconds} s");

    private static (Uri? Value, string? Problem) Listen(string text)
    {
        var isUrl = Uri.TryCreate(
            text.Replace("//*", "//0.0.0.0", StringComparison.Ordinal), UriKind.Absolute, out var url);
        return isUrl && url!.Scheme == "http"
            && (url.HostNameType is not UriHostNameType.Dns || url.Host == "localhost")
            ? (url, null)
            : (null, "is not a URL with an address, such as http://0.0.0.0:8500");
    }
}

/// <summary>Settings, and the files that the program reads for them.</summary>
internal sealed record SettingsReading(ServerOptions Options, string? PublicKeyFile, string? OnnxRuntimeFile);
