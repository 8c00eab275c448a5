using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace WafOperator.OnnxRuntime;

/// <summary>
/// A tensor of bytes whose element type is only known at run time, over 64-byte aligned memory that grows with the
/// shapes it is given and is kept. Not thread-safe.
/// </summary>
public sealed unsafe class OrtRawTensor : OrtTensor
{
    private const int RankMax = 8;

    private readonly int _elementBytes;
    private byte* _memory;
    private int _capacity;
    private int _length;
    private long[] _shape = [];
    private OrtValue? _value;

    /// <exception cref="NotSupportedException">An element type without a fixed size.</exception>
    public OrtRawTensor(OrtRuntime runtime, OrtElementType elementType)
    {
        ArgumentNullException.ThrowIfNull(runtime);
        ElementType = elementType;
        _elementBytes = SizeOf(elementType);
        if (_elementBytes == 0) throw new NotSupportedException($"tensors of {elementType} are not used here");
    }

    ~OrtRawTensor() => Dispose(false);

    public OrtElementType ElementType { get; }

    /// <summary>The dimensions.</summary>
    public ReadOnlySpan<long> Shape => _shape;

    /// <summary>The elements, in row-major order and the machine's byte order.</summary>
    public Span<byte> Bytes => new(_memory, _length);

    internal override OrtValue Value =>
        _value ?? throw new InvalidOperationException("the tensor was given no shape yet");

    /// <summary>Bytes of one element; 0 for types without a fixed size.</summary>
    public static int SizeOf(OrtElementType elementType) => elementType switch
    {
        OrtElementType.UInt8 or OrtElementType.Int8 or OrtElementType.Bool => 1,
        OrtElementType.UInt16 or OrtElementType.Int16 or OrtElementType.Float16 => 2,
        OrtElementType.Float32 or OrtElementType.Int32 => 4,
        OrtElementType.Int64 or OrtElementType.Double => 8,
        _ => 0,
    };

    /// <summary>Gives the tensor a shape of any rank; the content is undefined afterwards.</summary>
    /// <exception cref="ArgumentException">A rank over 8, a negative dimension, or more than 2 GB.</exception>
    public void Resize(params ReadOnlySpan<long> shape)
    {
        if (_value is not null && shape.SequenceEqual(_shape)) return;
        var bytes = BytesOf(shape);
        _value?.Dispose();
        _value = null;
        if (bytes > _capacity || _memory is null)
        {
            var capacity = Math.Max(64, bytes);
            // Allocation may throw: until it has not, there is no memory that could be used or freed again.
            NativeMemory.AlignedFree(_memory);
            _memory = null;
            _capacity = _length = 0;
            _memory = (byte*)NativeMemory.AlignedAlloc((nuint)capacity, 64);
            _capacity = capacity;
        }

        _length = bytes;
        _shape = shape.ToArray();
        _value = Wrap();
    }

    protected override void Dispose(bool disposing)
    {
        if (_memory is null) return;
        // The value refers to the memory, so it goes first; from the finalizer it may already have gone by itself.
        if (disposing) _value?.Dispose();
        NativeMemory.AlignedFree(_memory);
        _memory = null;
        _length = 0;
    }

    private int BytesOf(ReadOnlySpan<long> shape)
    {
        if (shape.Length > RankMax) throw new ArgumentException(
            $"rank {shape.Length} is over {RankMax}", nameof(shape));
        long count = _elementBytes;
        foreach (var dimension in shape)
        {
            if (dimension < 0) throw new ArgumentException($"a dimension is {dimension}", nameof(shape));
            count = checked(count * dimension);
            if (count > int.MaxValue) throw new ArgumentException("the tensor has more than 2 GB", nameof(shape));
        }

        return (int)count;
    }

    private OrtValue Wrap() => Wrap(_memory, _length, ElementType, _shape);
}
