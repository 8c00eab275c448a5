using WafOperator.Features;
using WafOperator.Protocols.Models;

namespace WafOperator.Scoring.Packages;

/// <summary>
/// A loaded model that gives a logit for one normalised value. Immutable and thread-safe; disposed when no snapshot uses it any more.
/// </summary>
public abstract class ValueModel(ModelManifest manifest, string digest) : IDisposable
{
    /// <summary>Model family.</summary>
    public string Model { get; } = manifest.Name;

    public string Version { get; } = manifest.Version;

    /// <summary>Digest of the package.</summary>
    public string Digest { get; } = digest;

    public ModelManifest Manifest { get; } = manifest;

    /// <summary>Cheap enough for every value: the first stage of a cascade.</summary>
    public virtual bool IsGate => false;

    /// <summary>Runs in an inference pool: its logits come over the network.</summary>
    public virtual bool IsRemote => false;

    /// <summary>The logit: the highest of the value's windows.</summary>
    public abstract double Logit(ReadOnlySpan<byte> normalized, ValueFlags flags);

    /// <summary>Calibrated probability of a logit (Platt).</summary>
    public double Probability(double logit)
    {
        var calibration = Manifest.Calibration;
        return calibration is null ? Sigmoid(logit) : Sigmoid((calibration.Slope * logit) + calibration.Intercept);
    }

    /// <summary>A named threshold of the package, or the fallback.</summary>
    public double Threshold(string name, double fallback) => Manifest.Thresholds.TryGetValue(name, out var value) ? value : fallback;

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    internal static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));

    protected virtual void Dispose(bool disposing)
    {
    }
}
