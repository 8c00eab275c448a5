using WafOperator.OnnxRuntime;

namespace WafOperator.OnnxRuntime.Tests;

[Collection("runtime")]
public sealed class OrtSessionTests(RuntimeFixture fixture)
{
    [Fact]
    public void Session_DescribesInputsAndOutputs()
    {
        using var session = fixture.DenseSession();

        var input = Assert.Single(session.Inputs);
        Assert.Equal(("x", OrtElementType.Float32), (input.Name, input.ElementType));
        Assert.Equal([-1, 3], input.Shape);
        var output = Assert.Single(session.Outputs);
        Assert.Equal("y", output.Name);
    }

    [Fact]
    public void Run_ComputesWhatTheModelSays()
    {
        using var session = fixture.DenseSession();
        using var x = new OrtTensor<float>(fixture.Runtime, 2, 3);
        using var y = new OrtTensor<float>(fixture.Runtime, 2, 2);
        using var binding = session.CreateBinding();
        binding.BindInput("x", x);
        binding.BindOutput("y", y);
        ((ReadOnlySpan<float>)[1, 2, 3, 0, 0, 1]).CopyTo(x.Span);

        binding.Run();

        // relu([1+4-9+0.5, -1+1+12-0.25]) and relu([-3+0.5, 4-0.25])
        Assert.Equal([0f, 11.75f, 0f, 3.75f], y.Span.ToArray());
    }

    [Fact]
    public void Run_AfterReshape_UsesTheNewBatch()
    {
        using var session = fixture.DenseSession();
        using var x = new OrtTensor<float>(fixture.Runtime, 4, 3);
        using var y = new OrtTensor<float>(fixture.Runtime, 4, 2);
        using var binding = session.CreateBinding();
        x.Reshape(1, 3);
        y.Reshape(1, 2);
        ((ReadOnlySpan<float>)[1, 0, 0]).CopyTo(x.Span);
        binding.BindInput("x", x);
        binding.BindOutput("y", y);

        binding.Run();

        Assert.Equal([1.5f, 0f], y.Span.ToArray());
    }

    [Fact]
    public void Reshape_BeyondCapacityOrRank_Throws()
    {
        using var x = new OrtTensor<float>(fixture.Runtime, 4, 3);

        Assert.Throws<ArgumentException>(() => x.Reshape(5, 3));
        Assert.Throws<ArgumentException>(() => x.Reshape(12));
    }

    [Fact]
    public void Run_WithAWrongShape_CarriesOnnxRuntimesText()
    {
        using var session = fixture.DenseSession();
        using var x = new OrtTensor<float>(fixture.Runtime, 1, 4);
        using var y = new OrtTensor<float>(fixture.Runtime, 1, 2);
        using var binding = session.CreateBinding();
        binding.BindInput("x", x);
        binding.BindOutput("y", y);

        var failure = Assert.Throws<OrtException>(binding.Run);

        Assert.Contains("x", failure.Message, StringComparison.Ordinal);
        Assert.NotEqual(OrtErrorCode.Ok, failure.Code);
    }

    [Fact]
    public void Session_FromBytesThatAreNoModel_SaysSo()
    {
        var failure = Assert.Throws<OrtException>(
            () => new OrtSession(fixture.Runtime, "not a model"u8, new OrtSessionOptions()));

        Assert.Equal(OrtErrorCode.InvalidProtobuf, failure.Code);
    }

    [Theory]
    [InlineData(OrtProvider.Cuda, "CUDAExecutionProvider")]
    [InlineData(OrtProvider.TensorRt, "TensorrtExecutionProvider")]
    public void Session_WithAProviderThisBuildLacks_NamesItAndWhatIsThere(OrtProvider provider, string name)
    {
        // On a machine with a GPU build the provider is there, and there is nothing to refuse.
        if (fixture.Runtime.AvailableProviders.Contains(name)) return;

        var failure = Assert.Throws<OrtException>(
            () => new OrtSession(fixture.Runtime, RuntimeFixture.Dense(), new OrtSessionOptions { Provider = provider }));

        Assert.Contains(name, failure.Message, StringComparison.Ordinal);
        Assert.Contains("CPUExecutionProvider", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TryLoad_WithoutALibrary_GivesAReason()
    {
        Assert.Null(OrtRuntime.TryLoad("/nonexistent/libonnxruntime.so", out var reason));
        Assert.Contains("/nonexistent/libonnxruntime.so", reason, StringComparison.Ordinal);
    }

    [Fact]
    public void TryLoad_OfAnotherLibrary_IsRefused()
    {
        Assert.Null(OrtRuntime.TryLoad("libc.so.6", out var reason));
        Assert.Contains("OrtGetApiBase", reason, StringComparison.Ordinal);
    }

    [Fact]
    public void TryLoad_OfASecondLibrary_IsRefused()
    {
        var copy = Path.Combine(AppContext.BaseDirectory, "copy-of-libonnxruntime.so");
        File.Copy(Path.Combine(AppContext.BaseDirectory, "libonnxruntime.so"), copy, overwrite: true);

        Assert.Same(fixture.Runtime, OrtRuntime.TryLoad(null, out _));
        Assert.Null(OrtRuntime.TryLoad(copy, out var reason));
        Assert.Contains("already", reason, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_OfADisposedSession_Throws()
    {
        var session = fixture.DenseSession();
        using var x = new OrtTensor<float>(fixture.Runtime, 1, 3);
        using var y = new OrtTensor<float>(fixture.Runtime, 1, 2);
        using var binding = session.CreateBinding();
        binding.BindInput("x", x);
        binding.BindOutput("y", y);
        session.Dispose();

        Assert.Throws<ObjectDisposedException>(binding.Run);
    }

    [Fact]
    public void Run_ThatWasTerminated_FailsUntilThatIsTakenBack()
    {
        using var session = fixture.DenseSession();
        using var x = new OrtTensor<float>(fixture.Runtime, 1, 3);
        using var y = new OrtTensor<float>(fixture.Runtime, 1, 2);
        using var binding = session.CreateBinding();
        binding.BindInput("x", x);
        binding.BindOutput("y", y);

        binding.Terminate();
        Assert.Throws<OrtException>(binding.Run);
        binding.ResetTerminate();
        binding.Run();
    }
}
