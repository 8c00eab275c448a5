using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace WafOperator.Features;

/// <summary>
/// The payload network in managed code: folded embedding and convolution, max-pool, two residual convolutions, and a
/// dense layer at every position, of which the highest counts; of older networks one over maximum and mean. Equals the
/// package's ONNX file to 1e-4. Immutable and thread-safe; each thread brings a workspace.
/// </summary>
public sealed class PayloadCnn
{
    private const int Channels = CnnWeights.Channels;
    private const int Vectors = Channels / 8;
    private const int Half = Vectors / 2;
    private const int MarginFloats = CnnWorkspace.Margin * Channels;

    private readonly CnnWeights _weights;

    private PayloadCnn(CnnWeights weights) => _weights = weights;

    /// <summary>Families in the output of <see cref="Families"/>; their names are in the package's manifest.</summary>
    public int FamilyCount => _weights.FamilyBias.Length;

    /// <summary>Reads <c>kernel.bin</c> of a package. Null and the reason when it is another format or shape.</summary>
    public static PayloadCnn? Read(ReadOnlySpan<byte> file, out string? error)
    {
        var weights = CnnWeights.Read(file, out error);
        return weights is null ? null : new PayloadCnn(weights);
    }

    /// <summary>The logit of a normalised value: the highest of its windows.</summary>
    public float Logit(ReadOnlySpan<byte> normalized, ValueFlags flags, CnnWorkspace workspace)
    {
        var best = float.NegativeInfinity;
        var count = CnnTokenizer.WindowCount(normalized.Length);
        for (var i = 0; i < count; i++)
        {
            var window = normalized[CnnTokenizer.Window(normalized.Length, i)];
            var length = CnnTokenizer.Tokenize(window, flags, workspace.Tokens);
            best = Math.Max(best, WindowLogit(workspace.Tokens.AsSpan(0, length), workspace));
        }

        return best;
    }

    /// <summary>The logit of one window's tokens (a multiple of 16, at most <see cref="CnnTokenizer.TokensMax"/>).</summary>
    public float WindowLogit(ReadOnlySpan<int> tokens, CnnWorkspace workspace)
    {
        // The kernel reads tables without bounds checks.
        if (tokens.Length is 0 or > CnnTokenizer.TokensMax || tokens.Length % 16 != 0
            || tokens.ContainsAnyExceptInRange(0, CnnTokenizer.Vocabulary - 1))
        {
            throw new ArgumentOutOfRangeException(nameof(tokens), "tokens must come from CnnTokenizer.Tokenize");
        }

        var positions = tokens.Length / CnnWeights.Pool;
        PoolTokens(tokens, workspace.Pooled);
        Convolve(workspace.Pooled, workspace.Second, positions, _weights.Conv1, _weights.Conv1Bias, 1);
        Convolve(
            workspace.Second, workspace.Third, positions, _weights.Conv2, _weights.Conv2Bias, _weights.Dilation);
        if (_weights.ScoresPositions) return HighestPosition(workspace, positions);
        Summarize(workspace.Third, positions, workspace.Summary);
        Dense(workspace.Summary, workspace.Hidden);
        return LogitOf(workspace.Hidden);
    }

    /// <summary>The highest position's logit; its hidden layer stays in the workspace for the families.</summary>
    private float HighestPosition(CnnWorkspace workspace, int positions)
    {
        var best = float.NegativeInfinity;
        for (var position = 0; position < positions; position++)
        {
            Dense(workspace.Third.AsSpan(MarginFloats + (position * Channels), Channels), workspace.Candidate);
            var logit = LogitOf(workspace.Candidate);
            if (logit <= best) continue;
            best = logit;
            workspace.Candidate.CopyTo(workspace.Hidden, 0);
        }

        return best;
    }

    private float LogitOf(float[] hidden)
    {
        ref var h = ref MemoryMarshal.GetArrayDataReference(hidden);
        ref var w = ref MemoryMarshal.GetArrayDataReference(_weights.Logit);
        var sum = Vector256<float>.Zero;
        for (nuint lane = 0; lane < CnnWeights.Hidden; lane += 8)
        {
            var values = Vector256.LoadUnsafe(ref h, lane);
            sum = Vector256.MultiplyAddEstimate(values, Vector256.LoadUnsafe(ref w, lane), sum);
        }

        return _weights.LogitBias + Vector256.Sum(sum);
    }

    /// <summary>Index of the likeliest attack family in the window of a normalised value that scores highest.</summary>
    public int Family(ReadOnlySpan<byte> normalized, ValueFlags flags, CnnWorkspace workspace)
    {
        Span<float> families = stackalloc float[CnnWeights.FamiliesMax];
        var (best, family) = (float.NegativeInfinity, 0);
        var count = CnnTokenizer.WindowCount(normalized.Length);
        for (var i = 0; i < count; i++)
        {
            var window = normalized[CnnTokenizer.Window(normalized.Length, i)];
            var length = CnnTokenizer.Tokenize(window, flags, workspace.Tokens);
            var logit = WindowLogit(workspace.Tokens.AsSpan(0, length), workspace);
            if (logit <= best) continue;
            best = logit;
            Families(workspace, families);
            family = IndexOfHighest(families[..FamilyCount]);
        }

        return family;
    }

    /// <summary>Logits of the attack families for the window scored last in this workspace.</summary>
    public void Families(CnnWorkspace workspace, Span<float> families)
    {
        _weights.FamilyBias.CopyTo(families);
        for (var i = 0; i < CnnWeights.Hidden; i++)
        {
            var hidden = workspace.Hidden[i];
            for (var f = 0; f < FamilyCount; f++)
            {
                families[f] += hidden * _weights.Family[i * FamilyCount + f];
            }
        }
    }

    private static int IndexOfHighest(ReadOnlySpan<float> values)
    {
        var highest = 0;
        for (var i = 1; i < values.Length; i++)
        {
            if (values[i] > values[highest]) highest = i;
        }

        return highest;
    }

    /// <summary>First convolution by table look-ups, rectified (pooling starts at 0) and max-pooled by four.</summary>
    private void PoolTokens(ReadOnlySpan<int> tokens, float[] pooled)
    {
        ref var tables = ref MemoryMarshal.GetArrayDataReference(_weights.Tables);
        ref var bias = ref MemoryMarshal.GetArrayDataReference(_weights.TablesBias);
        ref var output = ref MemoryMarshal.GetArrayDataReference(pooled);
        var positions = tokens.Length / CnnWeights.Pool;
        Clear(pooled, positions);
        for (var vector = 0; vector < Vectors; vector++)
        {
            var lane = (nuint)(vector * 8);
            var start = Vector256.LoadUnsafe(ref bias, lane);
            for (var position = 0; position < positions; position++)
            {
                var best = Vector256<float>.Zero;
                for (var t = position * CnnWeights.Pool; t < (position + 1) * CnnWeights.Pool; t++)
                {
                    var sum = start;
                    var first = Math.Max(0, t - CnnWeights.Taps / 2);
                    var last = Math.Min(tokens.Length - 1, t + CnnWeights.Taps / 2);
                    for (var at = first; at <= last; at++)
                    {
                        var row = tokens[at] * CnnWeights.Taps + (at - t + CnnWeights.Taps / 2);
                        sum += Vector256.LoadUnsafe(ref tables, (nuint)(row * Channels) + lane);
                    }

                    best = Vector256.Max(best, sum);
                }

                best.StoreUnsafe(ref output, (nuint)(MarginFloats + position * Channels) + lane);
            }
        }
    }

    /// <summary>output = input + relu(convolution of three taps, <paramref name="dilation"/> apart).</summary>
    private static void Convolve(float[] input, float[] output, int positions, float[] weights, float[] bias, int dilation)
    {
        Clear(output, positions);
        for (var position = 0; position < positions; position += 2)
        {
            ConvolvePair(input, output, position, weights, bias, dilation, 0);
            ConvolvePair(input, output, position, weights, bias, dilation, Half);
        }
    }

    /// <summary>Two neighbouring positions and half of the channels: eight accumulators stay in registers.</summary>
    private static void ConvolvePair(
        float[] input, float[] output, int position, float[] weights, float[] bias, int dilation, int firstVector)
    {
        ref var x = ref MemoryMarshal.GetArrayDataReference(input);
        ref var w = ref MemoryMarshal.GetArrayDataReference(weights);
        ref var b = ref MemoryMarshal.GetArrayDataReference(bias);
        ref var y = ref MemoryMarshal.GetArrayDataReference(output);
        var lane = (nuint)(firstVector * 8);
        var a0 = Vector256.LoadUnsafe(ref b, lane);
        var a1 = Vector256.LoadUnsafe(ref b, lane + 8);
        var a2 = Vector256.LoadUnsafe(ref b, lane + 16);
        var a3 = Vector256.LoadUnsafe(ref b, lane + 24);
        var (c0, c1, c2, c3) = (a0, a1, a2, a3);
        for (var tap = 0; tap < 3; tap++)
        {
            var from = (nuint)(MarginFloats + (position + (tap - 1) * dilation) * Channels);
            var at = (nuint)(tap * Channels * Channels) + lane;
            for (nuint i = 0; i < Channels; i++, at += Channels)
            {
                var left = Vector256.Create(System.Runtime.CompilerServices.Unsafe.Add(ref x, from + i));
                var right = Vector256.Create(System.Runtime.CompilerServices.Unsafe.Add(ref x, from + Channels + i));
                var w0 = Vector256.LoadUnsafe(ref w, at);
                var w1 = Vector256.LoadUnsafe(ref w, at + 8);
                var w2 = Vector256.LoadUnsafe(ref w, at + 16);
                var w3 = Vector256.LoadUnsafe(ref w, at + 24);
                a0 = Vector256.MultiplyAddEstimate(left, w0, a0);
                a1 = Vector256.MultiplyAddEstimate(left, w1, a1);
                a2 = Vector256.MultiplyAddEstimate(left, w2, a2);
                a3 = Vector256.MultiplyAddEstimate(left, w3, a3);
                c0 = Vector256.MultiplyAddEstimate(right, w0, c0);
                c1 = Vector256.MultiplyAddEstimate(right, w1, c1);
                c2 = Vector256.MultiplyAddEstimate(right, w2, c2);
                c3 = Vector256.MultiplyAddEstimate(right, w3, c3);
            }
        }

        var here = (nuint)(MarginFloats + position * Channels) + lane;
        AddRectified(ref x, ref y, here, a0, a1, a2, a3);
        AddRectified(ref x, ref y, here + Channels, c0, c1, c2, c3);
    }

    private static void AddRectified(
        ref float x, ref float y, nuint at, Vector256<float> v0, Vector256<float> v1, Vector256<float> v2, Vector256<float> v3)
    {
        var zero = Vector256<float>.Zero;
        (Vector256.LoadUnsafe(ref x, at) + Vector256.Max(v0, zero)).StoreUnsafe(ref y, at);
        (Vector256.LoadUnsafe(ref x, at + 8) + Vector256.Max(v1, zero)).StoreUnsafe(ref y, at + 8);
        (Vector256.LoadUnsafe(ref x, at + 16) + Vector256.Max(v2, zero)).StoreUnsafe(ref y, at + 16);
        (Vector256.LoadUnsafe(ref x, at + 24) + Vector256.Max(v3, zero)).StoreUnsafe(ref y, at + 24);
    }

    private static void Summarize(float[] values, int positions, float[] summary)
    {
        ref var x = ref MemoryMarshal.GetArrayDataReference(values);
        ref var output = ref MemoryMarshal.GetArrayDataReference(summary);
        var share = Vector256.Create(1f / positions);
        for (nuint lane = 0; lane < Channels; lane += 8)
        {
            var highest = Vector256.Create(float.NegativeInfinity);
            var sum = Vector256<float>.Zero;
            for (var position = 0; position < positions; position++)
            {
                var v = Vector256.LoadUnsafe(ref x, (nuint)(MarginFloats + position * Channels) + lane);
                highest = Vector256.Max(highest, v);
                sum += v;
            }

            highest.StoreUnsafe(ref output, lane);
            (sum * share).StoreUnsafe(ref output, lane + Channels);
        }
    }

    private void Dense(ReadOnlySpan<float> summary, float[] hidden)
    {
        ref var w = ref MemoryMarshal.GetArrayDataReference(_weights.Dense);
        ref var b = ref MemoryMarshal.GetArrayDataReference(_weights.DenseBias);
        ref var output = ref MemoryMarshal.GetArrayDataReference(hidden);
        for (nuint lane = 0; lane < CnnWeights.Hidden; lane += 32)
        {
            var v0 = Vector256.LoadUnsafe(ref b, lane);
            var v1 = Vector256.LoadUnsafe(ref b, lane + 8);
            var v2 = Vector256.LoadUnsafe(ref b, lane + 16);
            var v3 = Vector256.LoadUnsafe(ref b, lane + 24);
            for (var i = 0; i < summary.Length; i++)
            {
                var input = Vector256.Create(summary[i]);
                var at = (nuint)(i * CnnWeights.Hidden) + lane;
                v0 = Vector256.MultiplyAddEstimate(input, Vector256.LoadUnsafe(ref w, at), v0);
                v1 = Vector256.MultiplyAddEstimate(input, Vector256.LoadUnsafe(ref w, at + 8), v1);
                v2 = Vector256.MultiplyAddEstimate(input, Vector256.LoadUnsafe(ref w, at + 16), v2);
                v3 = Vector256.MultiplyAddEstimate(input, Vector256.LoadUnsafe(ref w, at + 24), v3);
            }

            Vector256.Max(v0, Vector256<float>.Zero).StoreUnsafe(ref output, lane);
            Vector256.Max(v1, Vector256<float>.Zero).StoreUnsafe(ref output, lane + 8);
            Vector256.Max(v2, Vector256<float>.Zero).StoreUnsafe(ref output, lane + 16);
            Vector256.Max(v3, Vector256<float>.Zero).StoreUnsafe(ref output, lane + 24);
        }
    }

    /// <summary>Zeroes the margins, which convolutions read beyond both ends.</summary>
    private static void Clear(float[] values, int positions)
    {
        values.AsSpan(0, MarginFloats).Clear();
        values.AsSpan(MarginFloats + positions * Channels, MarginFloats).Clear();
    }
}
