using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using WafOperator.Features;
using WafOperator.Protocols.Models;

namespace WafOperator.Scoring.Packages;

/// <summary>
/// A loaded model that gives a logit for one normalised value. Immutable and thread-safe; disposed when no snapshot
/// uses it any more.
/// </summary>
public abstract class ValueModel(ModelManifest manifest, string digest) : IDisposable
{
    /// <summary>Model family.</summary>
    public string Model { get; } = manifest.Name;

    public string Version { get; } = manifest.Version;

    /// <summary>Digest of the package.</summary>
    public string Digest { get; } = digest;

    /// <summary>The same as a number, for keys: 64 bits, so that no two versions in use share one.</summary>
    public ulong DigestNumber { get; } =
        BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(digest)));

    public ModelManifest Manifest { get; } = manifest;

    /// <summary>What rules that matched add to a score, or null.</summary>
    internal RuleEvidence? Evidence { get; } = RuleEvidence.Of(manifest.Joint);

    /// <summary>
    /// Threshold of this model's own probability for a share of false positives of 0.5 % in training's held-out
    /// traffic.
    /// Manifests without one for that use are of gates, whose final probability is their own.
    /// </summary>
    public double AloneThreshold => Threshold("alone_fpr_0.005", Threshold("fpr_0.005", 0.5));

    /// <summary>Cheap enough for every value: the first stage of a cascade.</summary>
    public virtual bool IsGate => false;

    /// <summary>Reads the request as a whole and is not asked for values.</summary>
    public virtual bool ReadsRequests => false;

    /// <summary>Runs in an inference pool: its logits come over the network.</summary>
    public virtual bool IsRemote => false;

    /// <summary>The logit: the highest of the value's windows.</summary>
    public abstract double Logit(ReadOnlySpan<byte> normalized, ValueFlags flags);

    /// <summary>
    /// Where the value looks worst, the worst first: what networks are to look at. All of it but for gates.
    /// </summary>
    /// <param name="normalized">The value.</param>
    /// <param name="flags">Its flags.</param>
    /// <param name="places">Filled as far as there are places that are worth a second look.</param>
    /// <returns>How many there are; at least one.</returns>
    public virtual int Look(ReadOnlySpan<byte> normalized, ValueFlags flags, Span<GatePlace> places)
    {
        places[0] = new GatePlace(Logit(normalized, flags), 0, normalized.Length);
        return 1;
    }

    /// <summary>The attack family that a value looks like most; null for models that do not tell families.</summary>
    public virtual string? FamilyOf(ReadOnlySpan<byte> normalized, ValueFlags flags) => null;

    /// <summary>Calibrated probability of a logit (Platt).</summary>
    public double Probability(double logit)
    {
        var calibration = Manifest.Calibration;
        return calibration is null ? Sigmoid(logit) : Sigmoid((calibration.Slope * logit) + calibration.Intercept);
    }

    /// <summary>A named threshold of the package, or the fallback.</summary>
    public double Threshold(string name, double fallback) =>
        Manifest.Thresholds.TryGetValue(name, out var value) ? value : fallback;

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
