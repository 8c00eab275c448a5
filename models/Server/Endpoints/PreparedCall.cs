using WafOperator.Models.Server.Batching;

namespace WafOperator.Models.Server.Endpoints;

/// <summary>Times of a finished job, for the answer.</summary>
internal readonly record struct CallTimes(TimeSpan Queued, TimeSpan Computed);

/// <summary>An answer's bytes.</summary>
/// <param name="Body">The bytes.</param>
/// <param name="ContentType">Their media type.</param>
/// <param name="JsonLength">Bytes of the JSON in front of binary tensors; null when there are none.</param>
internal readonly record struct CallAnswer(ReadOnlyMemory<byte> Body, string ContentType, int? JsonLength = null);

/// <summary>A request as rows for the model, and how its outputs become the answer.</summary>
internal abstract class PreparedCall(IReadOnlyList<JobPart> parts)
{
    public IReadOnlyList<JobPart> Parts { get; } = parts;

    /// <summary>Priority that the body names; null: the header's.</summary>
    public JobPriority? Priority { get; init; }

    /// <summary>Time the caller waits as the body names it; null: the header's.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>The answer, when all parts have their outputs.</summary>
    /// <exception cref="RefusedException">The outputs cannot be told in that format.</exception>
    public abstract CallAnswer Answer(CallTimes times);
}
