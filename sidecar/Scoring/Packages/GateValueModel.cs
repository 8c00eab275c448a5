using WafOperator.Features;
using WafOperator.Protocols.Models;

namespace WafOperator.Scoring.Packages;

/// <summary>The linear gate: plain C#, about a microsecond a value.</summary>
internal sealed class GateValueModel(ModelPackage package, GateModel gate)
    : ValueModel(package.Manifest, package.Digest)
{
    /// <summary>The logit of the lower end of the cascade's band.</summary>
    private readonly double _floor = LowestOf(package.Manifest);

    public override bool IsGate => true;

    public override double Logit(ReadOnlySpan<byte> normalized, ValueFlags flags) => gate.Logit(normalized, flags);

    public override int Look(ReadOnlySpan<byte> normalized, ValueFlags flags, Span<GatePlace> places) =>
        gate.Look(normalized, flags, _floor, places);

    /// <summary>The bytes that weigh most towards an attack.</summary>
    public Range Heaviest(ReadOnlySpan<byte> normalized, int length) => gate.Heaviest(normalized, length);

    private static double LowestOf(ModelManifest manifest)
    {
        var low = manifest.Thresholds.TryGetValue("low", out var known) ? known : 0;
        var logOdds = Math.Log(low / (1 - low));
        return manifest.Calibration is not { Slope: not 0 } calibration || double.IsNaN(logOdds)
            ? logOdds
            : (logOdds - calibration.Intercept) / calibration.Slope;
    }
}
