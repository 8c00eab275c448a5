using WafOperator.Features;
using WafOperator.Protocols.Models;
using WafOperator.Scoring.Packages;

namespace WafOperator.Scoring.Pool;

/// <summary>
/// A model that runs in an inference pool: what this process knows of it to make probabilities of its logits. The
/// digest pins the package; the pool verified its bytes.
/// </summary>
public sealed class RemoteValueModel(ModelManifest manifest, string digest) : ValueModel(manifest, digest)
{
    public override bool IsRemote => true;

    /// <summary>Not computed here: logits come with the pool's answers.</summary>
    public override double Logit(ReadOnlySpan<byte> normalized, ValueFlags flags) =>
        throw new NotSupportedException("a model in a pool is asked over the network");
}

/// <summary>Finds out what a pool serves.</summary>
public interface IRemoteModels
{
    /// <summary>The pool of the policy that is to be put in force, and its key, or null where it asks for
    /// none.</summary>
    void Use(string poolUrl, string? poolKey);

    /// <summary>The model, or why there is none. Never throws for a pool that is not there.</summary>
    /// <param name="poolUrl">Base URL of the pool.</param>
    /// <param name="family">Model family.</param>
    /// <param name="blob">Version, digest and signature that the policy names.</param>
    /// <param name="cancellationToken">Ends the asking.</param>
    Task<ModelLoading> DescribeAsync(
        string poolUrl, string family, Protocols.Policies.ModelBlob blob, CancellationToken cancellationToken);
}
