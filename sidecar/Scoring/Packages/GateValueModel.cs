using WafOperator.Features;
using WafOperator.Protocols.Models;

namespace WafOperator.Scoring.Packages;

/// <summary>The linear gate: plain C#, about a microsecond a value.</summary>
internal sealed class GateValueModel(ModelPackage package, GateModel gate)
    : ValueModel(package.Manifest, package.Digest)
{
    public override bool IsGate => true;

    public override double Logit(ReadOnlySpan<byte> normalized, ValueFlags flags) => gate.Logit(normalized, flags);

    public override double Look(ReadOnlySpan<byte> normalized, ValueFlags flags, out Range focus) =>
        gate.Look(normalized, flags, out focus);

    /// <summary>The bytes that weigh most towards an attack.</summary>
    public Range Heaviest(ReadOnlySpan<byte> normalized, int length) => gate.Heaviest(normalized, length);
}
