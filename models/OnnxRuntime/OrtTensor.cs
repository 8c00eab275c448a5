using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace WafOperator.OnnxRuntime;

/// <summary>Element types of the C API (<c>ONNXTensorElementDataType</c>) that models here use.</summary>
public enum OrtElementType { Undefined = 0, Float32 = 1, UInt8 = 2, Int8 = 3, UInt16 = 4, Int16 = 5, Int32 = 6, Int64 = 7, Bool = 9, Float16 = 10, Double = 11 }

/// <summary>A tensor, whatever its element type.</summary>
public abstract class OrtTensor : IDisposable
{
    private protected OrtTensor() { }

    internal abstract OrtValue Value { get; }

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    protected abstract void Dispose(bool disposing);

    /// <summary>A value over memory that the tensor owns. The value knows the shape of now: it is made anew after a change.</summary>
    private protected static unsafe OrtValue Wrap(void* memory, long bytes, OrtElementType type, long[] shape)
    {
        try
        {
            return OrtValue.CreateTensorValueWithData(
                OrtMemoryInfo.DefaultInstance, (TensorElementType)type, shape, (nint)memory, bytes);
        }
        catch (OnnxRuntimeException failure)
        {
            throw OrtException.From(failure);
        }
    }
}

/// <summary>
/// A tensor over 64-byte aligned unmanaged memory that both sides use: no copies. Its shape may be changed within the capacity. Not
/// thread-safe; keep one per thread or pool it.
/// </summary>
public sealed unsafe class OrtTensor<T> : OrtTensor where T : unmanaged
{
    private const int RankMax = 8;

    private readonly int _capacity;
    private readonly long[] _shape;
    private T* _memory;
    private int _length;
    private OrtValue _value;

    /// <summary>Allocates room for as many elements as <paramref name="shape"/> has, which is also the most it can ever hold.</summary>
    public OrtTensor(OrtRuntime runtime, params ReadOnlySpan<long> shape)
    {
        ArgumentNullException.ThrowIfNull(runtime);
        _shape = shape.ToArray();
        _capacity = _length = Count(shape);
        _memory = (T*)NativeMemory.AlignedAlloc((nuint)Math.Max(1, _capacity) * (nuint)sizeof(T), 64);
        new Span<byte>(_memory, _capacity * sizeof(T)).Clear();
        _value = Wrap();
    }

    ~OrtTensor() => Dispose(false);

    /// <summary>The elements, in row-major order.</summary>
    public Span<T> Span => _memory is not null ? new Span<T>(_memory, _length) : throw new ObjectDisposedException(nameof(OrtTensor<T>));

    /// <summary>The dimensions.</summary>
    public ReadOnlySpan<long> Shape => _shape;

    internal override OrtValue Value =>
        _memory is not null ? _value : throw new ObjectDisposedException(nameof(OrtTensor<T>));

    /// <summary>Gives the same memory another shape of the same rank; nothing happens when it is the present one.</summary>
    /// <exception cref="ArgumentException">Other rank, or more elements than were allocated.</exception>
    public void Reshape(params ReadOnlySpan<long> shape)
    {
        if (shape.SequenceEqual(_shape)) return;
        var count = Count(shape);
        if (shape.Length != _shape.Length || count > _capacity)
            throw new ArgumentException($"the tensor has rank {_shape.Length} and room for {_capacity} elements", nameof(shape));
        shape.CopyTo(_shape);
        _length = count;
        _value.Dispose();
        _value = Wrap();
    }

    protected override void Dispose(bool disposing)
    {
        if (_memory is null) return;
        // The value refers to the memory, so it goes first; from the finalizer it may already have gone by itself.
        if (disposing) _value.Dispose();
        NativeMemory.AlignedFree(_memory);
        _memory = null;
    }

    private static int Count(ReadOnlySpan<long> shape)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(shape.Length, RankMax);
        long count = 1;
        foreach (var dimension in shape) count = checked(count * dimension);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        return checked((int)(count * Unsafe.SizeOf<T>()) / Unsafe.SizeOf<T>());
    }

    private OrtValue Wrap() => Wrap(_memory, (long)_length * sizeof(T), ElementType(), _shape);

    private static OrtElementType ElementType() => default(T) switch
    {
        float => OrtElementType.Float32,
        byte => OrtElementType.UInt8,
        sbyte => OrtElementType.Int8,
        int => OrtElementType.Int32,
        long => OrtElementType.Int64,
        Half => OrtElementType.Float16,
        double => OrtElementType.Double,
        bool => OrtElementType.Bool,
        _ => throw new NotSupportedException($"tensors of {typeof(T).Name} are not used here"),
    };
}
