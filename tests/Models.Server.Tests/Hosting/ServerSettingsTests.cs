using WafOperator.Models.Server.Hosting;
using WafOperator.Models.Server.Repository;
using WafOperator.OnnxRuntime;

namespace WafOperator.Models.Server.Tests.Hosting;

public sealed class ServerSettingsTests
{
    [Fact]
    public void Read_OptionsWinOverVariables_AndBothOverDefaults()
    {
        var reading = Read(
            ["--models", "m", "--precision=Int8", "--queue-delay-max", "2ms"],
            ("WAF_PRECISION", "Fp16"), ("WAF_BATCH_TOKENS_MAX", "4096"), ("WAF_PROVIDER", "cuda"));

        var options = reading.Settings!.Options;
        Assert.Equal(ModelPrecision.Int8, options.Precision);
        Assert.Equal(4096, options.Batching.BatchTokensMax);
        Assert.Equal(TimeSpan.FromMilliseconds(2), options.Batching.QueueDelayMax);
        Assert.Equal((OrtProvider.Cuda, 2), (options.Provider, options.Workers));
        Assert.Equal(1024, options.Batching.QueueLengthMax);
        Assert.Equal(TimeSpan.Zero, options.Linger);
    }

    [Fact]
    public void Read_InAPod_FollowsThePool()
    {
        var reading = Read(
            [], ("WAF_NAMESPACE", "shop"), ("WAF_POOL", "large"), ("WAF_OPERATOR_URL", "https://operator:9444"),
            ("WAF_TOKEN_FILE", "/t"), ("WAF_STATE_DIR", "/s"));

        var options = reading.Settings!.Options;
        Assert.Equal(new PoolIdentity("shop", "large"), options.Pool);
        Assert.Equal("https://operator:9444/", options.Operator!.Url.ToString());
        Assert.Equal(TimeSpan.FromSeconds(5), options.Linger);
        Assert.Equal(4, options.Workers);
    }

    [Theory]
    [InlineData("there is nothing to serve")]
    [InlineData("'--model'", "--model", "m")]
    [InlineData("'--models'", "--models")]
    [InlineData("'--models'", "--models", "a", "--models", "b")]
    [InlineData("--provider: Gpu is none of Cpu, Cuda, TensorRt", "--models", "m", "--provider", "Gpu")]
    [InlineData("--provider: 1 is none of", "--models", "m", "--provider", "1")]
    [InlineData("--workers: 0 is not a number from 1 to 256", "--models", "m", "--workers", "0")]
    [InlineData("--workers: 257 is not a number from 1 to 256", "--models", "m", "--workers", "257")]
    [InlineData("--queue-delay-max: 2h is not a duration", "--models", "m", "--queue-delay-max", "2h")]
    [InlineData("--queue-delay-max: 1 is not a duration", "--models", "m", "--queue-delay-max", "1")]
    [InlineData("--batch-tokens-max: 63 is not", "--models", "m", "--batch-tokens-max", "63")]
    [InlineData("--listen: https://0.0.0.0:1 is not", "--models", "m", "--listen", "https://0.0.0.0:1")]
    [InlineData("--listen: http://shop.example:1 is not", "--models", "m", "--listen", "http://shop.example:1")]
    public void Read_WrongSettings_SaysWhatIsWrong(string problem, params string[] arguments)
    {
        var reading = Read(arguments);

        Assert.Null(reading.Settings);
        Assert.Contains(reading.Problems, p => p.Contains(problem, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("WAF_WORKERS", "many", "WAF_WORKERS: many is not a number from 1 to 256")]
    [InlineData("WAF_PROVIDER", "WebGpu", "WAF_PROVIDER: WebGpu is none of Cpu, Cuda, TensorRt")]
    [InlineData("WAF_LINGER", "1h", "WAF_LINGER: 1h is not a duration")]
    public void Read_AWrongVariable_IsNamed_AndGivesWayToItsOption(string variable, string value, string problem)
    {
        Assert.Contains(
            Read(["--models", "m"], (variable, value)).Problems, p => p.StartsWith(problem, StringComparison.Ordinal));

        var option = "--" + variable["WAF_".Length..].ToLowerInvariant();
        var right = variable switch { "WAF_WORKERS" => "1", "WAF_PROVIDER" => "Cpu", _ => "1s" };
        Assert.NotNull(Read(["--models", "m", option, right], (variable, value)).Settings);
    }

    [Fact]
    public async Task Help_NamesEveryOptionWithItsVariable()
    {
        var output = new StringWriter();

        Assert.Equal(0, await new ServerCommand(_ => null, 4).Parse(["--help"]).AnswerAsync(output, TextWriter.Null));
        Assert.All(
            ["--models", "WAF_MODELS_DIR", "--queue-delay-max", "WAF_QUEUE_DELAY_MAX", "--repository-changes",
                "--version", "Exit codes"],
            text => Assert.Contains(text, output.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public void Read_APoolWithoutItsOperator_SaysWhatIsMissing()
    {
        Assert.Equal(2, Read([], ("WAF_POOL", "large")).Problems.Count);
    }

    [Theory]
    [InlineData("1ms", 1_000)]
    [InlineData("250us", 250)]
    [InlineData("1m30s", 90_000_000)]
    [InlineData("0s", 0)]
    public void Duration_IsRead(string text, double microseconds)
    {
        Assert.True(SettingDuration.TryParse(text, out var value));
        Assert.Equal(microseconds, value.TotalMicroseconds);
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("ms")]
    [InlineData("5 ms")]
    [InlineData("-1s")]
    [InlineData("1x")]
    [InlineData("9999999999s")]
    [InlineData("999999999h")]
    public void Duration_ThatIsNone_IsRefused(string text) => Assert.False(SettingDuration.TryParse(text, out _));

    private static (SettingsReading? Settings, IReadOnlyList<string> Problems) Read(
        string[] arguments, params (string Name, string Value)[] environment)
    {
        var variables = environment.ToDictionary(v => v.Name, v => v.Value);
        var given = new ServerCommand(variables.GetValueOrDefault, cores: 4).Parse(arguments);
        return (given.Settings, [.. given.Problems]);
    }
}
