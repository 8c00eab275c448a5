using WafOperator.OnnxRuntime;

namespace WafOperator.OnnxRuntime.Tests;

/// <summary>One runtime for all tests, as in a program.</summary>
public sealed class RuntimeFixture
{
    /// <summary>All that the networks of these tests may take.</summary>
    public const long MemoryBytesMax = 128 << 20;

    public OrtRuntime Runtime { get; } = OrtRuntime.Load(memoryBytesMax: MemoryBytesMax);

    public static byte[] Dense()
    {
        using var stream = typeof(RuntimeFixture).Assembly.GetManifestResourceStream("dense.onnx")!;
        var bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    public OrtSession DenseSession() => new(Runtime, Dense(), new OrtSessionOptions());
}

[CollectionDefinition("runtime")]
public sealed class RuntimeCollection : ICollectionFixture<RuntimeFixture>;
