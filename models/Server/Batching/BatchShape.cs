namespace WafOperator.Models.Server.Batching;

/// <summary>What runs batches. Thread-safe; several may run at once.</summary>
internal interface IBatchModel
{
    /// <summary>Runs parts of one shape together and gives each its outputs.</summary>
    /// <exception cref="OnnxRuntime.OrtException">The runtime failed; no part has outputs.</exception>
    void Run(IReadOnlyList<JobPart> parts);
}

/// <summary>
/// What may share a batch: parts of the same model whose rows have the same shapes. Compared by reference, so a model
/// gives the same instance for the same shapes.
/// </summary>
/// <param name="model">What runs it.</param>
/// <param name="rowShapes">Shape of one row of each input, without the batch's dimension.</param>
/// <param name="isBatchable">False: each part runs alone.</param>
internal sealed class BatchShape(IBatchModel model, IReadOnlyList<long[]> rowShapes, bool isBatchable)
{
    public IBatchModel Model { get; } = model;

    public IReadOnlyList<long[]> RowShapes { get; } = rowShapes;

    public bool IsBatchable { get; } = isBatchable;

    /// <summary>Elements of a row over all inputs: what a row costs.</summary>
    public long RowTokens { get; } = Math.Max(1, rowShapes.Sum(s => s.Aggregate(1L, (a, b) => checked(a * b))));
}
