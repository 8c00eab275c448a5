using System.Collections.Concurrent;
using WafOperator.Features;
using WafOperator.Protocols.Models;

namespace WafOperator.Scoring.Packages;

/// <summary>
/// The payload network in managed code, from a package's <c>kernel.bin</c>: no native library, no padding beyond the tokenizer's, and
/// less than half of ONNX Runtime's time. A call allocates nothing once as many workspaces exist as calls run at once.
/// </summary>
internal sealed class KernelValueModel(ModelPackage package, PayloadCnn network)
    : ValueModel(package.Manifest, package.Digest)
{
    private readonly ConcurrentQueue<CnnWorkspace> _idle = new();

    public override double Logit(ReadOnlySpan<byte> normalized, ValueFlags flags)
    {
        if (!_idle.TryDequeue(out var workspace)) workspace = new CnnWorkspace();
        var logit = network.Logit(normalized, flags, workspace);
        _idle.Enqueue(workspace);
        return logit;
    }

    public override string? FamilyOf(ReadOnlySpan<byte> normalized, ValueFlags flags)
    {
        if (!_idle.TryDequeue(out var workspace)) workspace = new CnnWorkspace();
        var family = network.Family(normalized, flags, workspace);
        _idle.Enqueue(workspace);
        return family < Manifest.Families.Count ? Manifest.Families[family] : null;
    }
}
