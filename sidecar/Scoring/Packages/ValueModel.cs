using WafOperator.Features;
using WafOperator.Protocols.Models;

namespace WafOperator.Scoring.Packages;

/// <summary>
/// A loaded model that gives a logit for one normalised value. Immutable and thread-safe; disposed when no snapshot uses it any more.
/// </summary>
public abstract class ValueModel(ModelPackage package) : IDisposable
{
    /// <summary>Model family.</summary>
    public string Model { get; } = package.Manifest.Name;

    public string Version { get; } = package.Manifest.Version;

    /// <summary>Digest of the package.</summary>
    public string Digest { get; } = package.Digest;

    public ModelManifest Manifest { get; } = package.Manifest;

    /// <summary>Cheap enough for every value: the first stage of a cascade.</summary>
    public virtual bool IsGate => false;

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
