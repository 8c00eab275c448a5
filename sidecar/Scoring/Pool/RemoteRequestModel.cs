using System.Collections.Concurrent;
using WafOperator.Protocols.Inference;
using WafOperator.Protocols.Models;
using WafOperator.Scoring.Packages;

namespace WafOperator.Scoring.Pool;

/// <summary>
/// A model of whole requests that runs in an inference pool. The pool has the vocabulary, cuts the rows and runs them;
/// this process sends it the request's values, and checks what it answers against the package's manifest.
/// </summary>
public sealed class RemoteRequestModel(ModelManifest manifest, string digest) : WholeRequestModel(manifest, digest)
{
    private readonly ConcurrentBag<RemoteReading> _idle = [];

    public override bool IsRemote => true;

    /// <summary>A reading to add the parts of a request to; given back with <see cref="Return"/>.</summary>
    internal RemoteReading Begin(ReadOnlySpan<byte> method)
    {
        if (!_idle.TryTake(out var reading)) reading = new RemoteReading();
        reading.Begin(Digest, method);
        return reading;
    }

    /// <summary>Takes a reading back.</summary>
    internal void Return(RemoteReading reading) => _idle.Add(reading);

    /// <summary>What the pool's numbers say; null where they are none that this package could give.</summary>
    /// <param name="numbers">As in <see cref="CompactWholeRequest.AnswerNumbers"/>.</param>
    /// <param name="isCut">Parts of the request were not sent.</param>
    internal RequestAnswer? AnswerOf(ReadOnlySpan<float> numbers, bool isCut)
    {
        if (numbers is not [var logit, var width, var family, var type, var unread]) return null;
        var isRight = float.IsFinite(logit) && width >= 0 && float.IsFinite(width) && unread >= 0
            && IsNumber(family, 0, Manifest.Families.Count) && IsNumber(type, -1, Manifest.Types.Count)
            && (type < 0 || RequestContract.IsOf(Manifest, (int)type, (int)family));
        return isRight ? new(logit, width, (int)family, (int)type, IsWhole: unread == 0 && !isCut) : null;
    }

    private static bool IsNumber(float value, int least, int count) =>
        value >= least && value < count && value == MathF.Truncate(value);
}
