using System.Globalization;
using WafOperator.Models.Server.Repository;
using WafOperator.OnnxRuntime;
using WafOperator.Protocols.Distribution;

namespace WafOperator.Models.Server.Hosting;

/// <summary>
/// Options of the command line and variables of the environment → settings, or everything that is wrong with them.
/// Files that they name are read by the program, not here. Pure.
/// </summary>
internal static class ServerSettings
{
    public const string HelpText =
        """
        waf-inference: serves model packages to sidecars and to clients of the Open Inference Protocol V2.

          waf-inference --models DIR [OPTIONS]      serves every package of a folder
          waf-inference [OPTIONS]                   in a pod of an InferencePool: follows the pool's document; the
                                                    operator sets WAF_NAMESPACE, WAF_POOL, WAF_OPERATOR_URL,
                                                    WAF_TOKEN_FILE, WAF_CA_FILE, WAF_STATE_DIR and WAF_POD

        Each option has a variable; the option wins.
          --models DIR            WAF_MODELS_DIR          packages (*.tar, signatures as *.tar.sig)
          --listen URL                                    http://0.0.0.0:8500; HTTP/1.1 and HTTP/2 on one port
          --provider P            WAF_PROVIDER            Cpu, Cuda, TensorRt or WebGpu
          --device N              WAF_DEVICE              number of the GPU
          --precision P           WAF_PRECISION           Fp32, Fp16 or Int8, where the package has it
          --workers N             WAF_WORKERS             batches at once: by default the cores, 2 on a device
          --threads N             WAF_THREADS             threads inside one batch (1)
          --queue-delay-max T     WAF_QUEUE_DELAY_MAX     how long a request waits for company (1ms)
          --batch-tokens-max N    WAF_BATCH_TOKENS_MAX    padded tokens of a batch (16384)
          --batch-rows-max N      WAF_BATCH_ROWS_MAX      rows of a batch, however short (512); 1: no batches
          --queue-length-max N    WAF_QUEUE_LENGTH_MAX    requests waiting; more are refused (1024)
          --public-key FILE       WAF_PUBLIC_KEY_FILE     PEM: only packages signed with it are served
          --onnxruntime FILE      WAF_ONNXRUNTIME         libonnxruntime.so, for a build with other providers
          --drain T               WAF_DRAIN               longest time for what is in flight at the end (20s)
          --linger T              WAF_LINGER              serving without being ready (5s in a pod)
          --repository-changes                            allow load and unload over the API
          --version, --help

        Exit codes: 0 ended as asked, 1 failed while running, 2 wrong settings, 3 ONNX Runtime or the provider is
        missing, 4 the port cannot be opened.
        """;

    /// <summary>Options with a value, and their variables.</summary>
    private static readonly Dictionary<string, string?> Known = new(StringComparer.Ordinal)
    {
        ["--models"] = "WAF_MODELS_DIR", ["--listen"] = null, ["--provider"] = "WAF_PROVIDER",
        ["--device"] = "WAF_DEVICE", ["--precision"] = "WAF_PRECISION", ["--workers"] = "WAF_WORKERS",
        ["--threads"] = "WAF_THREADS", ["--queue-delay-max"] = "WAF_QUEUE_DELAY_MAX",
        ["--batch-tokens-max"] = "WAF_BATCH_TOKENS_MAX", ["--batch-rows-max"] = "WAF_BATCH_ROWS_MAX",
            ["--queue-length-max"] = "WAF_QUEUE_LENGTH_MAX",
        ["--public-key"] = "WAF_PUBLIC_KEY_FILE", ["--onnxruntime"] = "WAF_ONNXRUNTIME", ["--drain"] = "WAF_DRAIN",
        ["--linger"] = "WAF_LINGER",
    };

    /// <param name="arguments">The command line.</param>
    /// <param name="environment">Reads a variable.</param>
    /// <param name="cores">Processors of the machine.</param>
    /// <param name="problems">Filled with all that is wrong.</param>
    public static SettingsReading? Read(
        IReadOnlyList<string> arguments, Func<string, string?> environment, int cores, List<string> problems)
    {
        var given = Options(arguments, problems, out var allowsChanges);
        var reader = new Reader(given, environment, problems);
        var defaults = new ServerOptions();
        var provider = reader.Enum("--provider", OrtProvider.Cpu);
        var batchTokens = reader.Number("--batch-tokens-max", defaults.Batching.BatchTokensMax, 64, 10_000_000);
        var pool = PoolOf(environment, problems, out var address);
        var options = defaults with
        {
            ModelsDirectory = reader.Text("--models"),
            Listen = ListenOf(reader.Text("--listen"), defaults.Listen, problems),
            Provider = provider,
            Device = reader.Number("--device", 0, 0, 63),
            Precision = reader.Enum("--precision", ModelPrecision.Fp32),
            Workers = reader.Number("--workers", provider is OrtProvider.Cpu ? Math.Max(1, cores) : 2, 1, 256),
            Threads = reader.Number("--threads", 1, 1, 256),
            Batching = defaults.Batching with
            {
                QueueDelayMax = reader.Time(
                    "--queue-delay-max", defaults.Batching.QueueDelayMax, TimeSpan.FromHours(1)),
                BatchTokensMax = batchTokens,
                // Bounds of a request and of the queue grow with the batch, so that what fits a batch is taken in.
                RequestTokensMax = Math.Max(defaults.Batching.RequestTokensMax, batchTokens),
                QueueTokensMax = Math.Max(defaults.Batching.QueueTokensMax, 16L * batchTokens),
                BatchRowsMax = reader.Number("--batch-rows-max", defaults.Batching.BatchRowsMax, 1, 65_536),
                QueueLengthMax = reader.Number("--queue-length-max", defaults.Batching.QueueLengthMax, 1, 1_000_000),
            },
            AllowsRepositoryChanges = allowsChanges,
            Drain = reader.Time("--drain", defaults.Drain, TimeSpan.FromHours(1)),
            Linger = reader.Time("--linger", TimeSpan.FromSeconds(pool is null ? 0 : 5), TimeSpan.FromMinutes(10)),
            Pool = pool,
            Operator = address,
            StateDirectory = environment("WAF_STATE_DIR"),
            Pod = environment("WAF_POD"),
        };
        if (pool is null && options.ModelsDirectory is null && problems.Count == 0)
            problems.Add("there is nothing to serve: give --models DIR, or run it in an InferencePool");
        return problems.Count > 0 ? null : new(options, reader.Text("--public-key"), reader.Text("--onnxruntime"));
    }

    private static Dictionary<string, string> Options(
        IReadOnlyList<string> arguments, List<string> problems, out bool allowsChanges)
    {
        allowsChanges = false;
        var options = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < arguments.Count; i++)
        {
            var (name, value) = Split(arguments[i]);
            if (name == "--repository-changes") allowsChanges = true;
            else if (!Known.ContainsKey(name)) problems.Add($"there is no option {name}");
            else if (value is null && ++i == arguments.Count) problems.Add($"{name} needs a value");
            else if (!options.TryAdd(name, value ?? arguments[i])) problems.Add($"{name} was given twice");
        }

        return options;
    }

    private static PoolIdentity? PoolOf(
        Func<string, string?> environment, List<string> problems, out OperatorAddress? address)
    {
        address = null;
        var (ns, pool, url) = (environment("WAF_NAMESPACE"), environment("WAF_POOL"), environment("WAF_OPERATOR_URL"));
        if (string.IsNullOrEmpty(pool)) return null;
        if (string.IsNullOrEmpty(ns)) problems.Add("WAF_POOL is set, but WAF_NAMESPACE is not");
        if (!Uri.TryCreate(url?.TrimEnd('/') + "/", UriKind.Absolute, out var parsed)
            || parsed.Scheme is not ("https" or "http"))
        {
            problems.Add($"WAF_POOL is set, but WAF_OPERATOR_URL ({url ?? "not set"}) is not a URL");
            return null;
        }

        address = new OperatorAddress(parsed, environment("WAF_TOKEN_FILE"), environment("WAF_CA_FILE"));
        return new PoolIdentity(ns ?? "", pool);
    }

    private static Uri ListenOf(string? text, Uri fallback, List<string> problems)
    {
        if (text is null) return fallback;
        var isUrl = Uri.TryCreate(
            text.Replace("//*", "//0.0.0.0", StringComparison.Ordinal), UriKind.Absolute, out var url);
        if (isUrl && url!.Scheme == "http" && (url.HostNameType is not UriHostNameType.Dns || url.Host == "localhost"))
            return url;
        problems.Add($"--listen: {text} is not a URL with an address, such as http://0.0.0.0:8500");
        return fallback;
    }

    private static (string Name, string? Value) Split(string argument)
    {
        var equals = argument.IndexOf('=', StringComparison.Ordinal);
        return equals > 0 ? (argument[..equals], argument[(equals + 1)..]) : (argument, null);
    }

    private sealed class Reader(
        Dictionary<string, string> options, Func<string, string?> environment, List<string> problems)
    {
        public string? Text(string name)
        {
            if (options.TryGetValue(name, out var value)) return value;
            return Known[name] is { } variable && environment(variable) is { Length: > 0 } text ? text : null;
        }

        public int Number(string name, int fallback, int least, int most)
        {
            if (Text(name) is not { } text) return fallback;
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                && number >= least && number <= most)
                return number;
            problems.Add($"{name}: {text} is not a number from {least} to {most}");
            return fallback;
        }

        public T Enum<T>(string name, T fallback) where T : struct, Enum
        {
            if (Text(name) is not { } text) return fallback;
            if (System.Enum.TryParse<T>(text, ignoreCase: true, out var value) && System.Enum.IsDefined(value)
                && !char.IsAsciiDigit(text[0])) return value;
            problems.Add($"{name}: {text} is none of {string.Join(", ", System.Enum.GetNames<T>())}");
            return fallback;
        }

        public TimeSpan Time(string name, TimeSpan fallback, TimeSpan most)
        {
            if (Text(name) is not { } text) return fallback;
            if (SettingDuration.TryParse(text, out var time) && time <= most) return time;
            problems.Add($"{name}: {text} is not a duration such as 1ms or 1m30s of at most {most.TotalSeconds} s");
            return fallback;
        }
    }
}

/// <summary>Settings, and the files that the program reads for them.</summary>
internal sealed record SettingsReading(ServerOptions Options, string? PublicKeyFile, string? OnnxRuntimeFile);
