using WafOperator.Features;
using WafOperator.Protocols.Models;

namespace WafOperator.Scoring.Packages;

/// <summary>A model that reads whole requests, in this process or in a pool.</summary>
public abstract class WholeRequestModel : ValueModel
{
    /// <param name="manifest">What the package says of itself.</param>
    /// <param name="digest">Digest of the package.</param>
    protected WholeRequestModel(ModelManifest manifest, string digest) : base(manifest, digest)
    {
        // Without a threshold no answer is uncertain.
        UncertainFrom = Threshold("uncertain", double.PositiveInfinity);
        (Low, High) = (Threshold("low", 0), Threshold("high", 1));
    }

    public override bool ReadsRequests => true;

    /// <summary>From this width on an answer is none.</summary>
    public double UncertainFrom { get; }

    /// <summary>In a cascade, the score of the parts from which on the request is read.</summary>
    public double Low { get; }

    /// <summary>In a cascade, the score of the parts up to which the request is read.</summary>
    public double High { get; }

    /// <summary>Not for single values: a request is begun, its parts are added, and it is asked once.</summary>
    public override double Logit(ReadOnlySpan<byte> normalized, ValueFlags flags) =>
        throw new NotSupportedException("a model of whole requests is not asked for values");
}
