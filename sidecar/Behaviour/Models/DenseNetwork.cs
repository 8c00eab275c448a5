using System.Numerics;
using System.Runtime.InteropServices;
using WafOperator.Behaviour.Features;

namespace WafOperator.Behaviour.Models;

/// <summary>
/// Dense layers with ReLU between and softmax behind; features are centred and scaled first, and bounded. The score is
/// the log-odds of everything that is not the first class. Immutable, thread-safe.
/// </summary>
public sealed class DenseNetwork : BehaviourModel
{
    public const int LayersMax = 8;
    public const int WidthMax = 256;

    /// <summary>Deviations beyond which a feature says no more.</summary>
    private const float DeviationsMax = 8;

    private static ReadOnlySpan<byte> Magic => "WAFDNS1\n"u8;

    private readonly float[] _means;
    private readonly float[] _scales;
    private readonly Layer[] _layers;

    private DenseNetwork(FeaturePlan plan, float[] means, float[] scales, Layer[] layers) : base(plan)
    {
        (_means, _scales, _layers) = (means, scales, layers);
    }

    /// <summary>Classes that the network tells apart; the first is the ordinary one.</summary>
    public int Classes => _layers[^1].Bias.Length;

    /// <summary>
    /// Reads <c>model.bin</c>: means and scales of the features, number of layers, then for each its width, weights row
    /// by row and bias.
    /// </summary>
    public static DenseNetwork? Read(ReadOnlySpan<byte> file, FeaturePlan plan, out string? error)
    {
        error = "model.bin is no dense network of as many features";
        var reader = new WeightReader(file);
        if (!reader.Take(Magic) || reader.Int32() != plan.Count) return null;
        var means = reader.Singles(plan.Count);
        var scales = reader.Singles(plan.Count);
        var count = reader.Int32();
        if (count is < 1 or > LayersMax) return null;
        var layers = new Layer[count];
        var width = plan.Count;
        for (var i = 0; i < count; i++)
        {
            var next = reader.Int32();
            if (next is < 1 or > WidthMax) return null;
            layers[i] = new Layer(reader.Singles(next * width), reader.Singles(next));
            width = next;
        }

        if (reader.IsBroken || !reader.IsAtEnd || width < 2) return null;
        if (!layers.All(layer => layer.IsFinite) || !means.Concat(scales).All(float.IsFinite)) return null;
        error = null;
        return new DenseNetwork(plan, means, scales, layers);
    }

    public override double Score(ReadOnlySpan<float> features)
    {
        Span<float> current = stackalloc float[WidthMax];
        Span<float> next = stackalloc float[WidthMax];
        var width = features.Length;
        for (var i = 0; i < width; i++)
            current[i] = Math.Clamp((features[i] - _means[i]) * _scales[i], -DeviationsMax, DeviationsMax);
        for (var i = 0; i < _layers.Length; i++)
        {
            var layer = _layers[i];
            for (var row = 0; row < layer.Bias.Length; row++)
            {
                var sum = layer.Bias[row] + Dot(layer.Weights.AsSpan(row * width, width), current[..width]);
                next[row] = i < _layers.Length - 1 ? Math.Max(0, sum) : sum;
            }

            width = layer.Bias.Length;
            var swap = current;
            current = next;
            next = swap;
        }

        return LogOdds(current[..width]);
    }

    private static float Dot(ReadOnlySpan<float> one, ReadOnlySpan<float> other)
    {
        var ones = MemoryMarshal.Cast<float, Vector<float>>(one);
        var others = MemoryMarshal.Cast<float, Vector<float>>(other);
        var sums = Vector<float>.Zero;
        for (var i = 0; i < ones.Length; i++) sums += ones[i] * others[i];
        var sum = Vector.Sum(sums);
        for (var i = ones.Length * Vector<float>.Count; i < one.Length; i++) sum += one[i] * other[i];
        return sum;
    }

    /// <summary>Logarithm of the sum of the other classes' exponentials, less the first's logit.</summary>
    private static double LogOdds(ReadOnlySpan<float> logits)
    {
        double most = logits[1];
        foreach (var logit in logits[1..]) most = Math.Max(most, logit);
        double sum = 0;
        foreach (var logit in logits[1..]) sum += Math.Exp(logit - most);
        return most + Math.Log(sum) - logits[0];
    }

    private sealed record Layer(float[] Weights, float[] Bias)
    {
        public bool IsFinite => Weights.All(float.IsFinite) && Bias.All(float.IsFinite);
    }
}
