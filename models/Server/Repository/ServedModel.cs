using System.Collections.Concurrent;
using WafOperator.Features;
using WafOperator.Models.Server.Batching;
using WafOperator.OnnxRuntime;
using WafOperator.Protocols.Models;

namespace WafOperator.Models.Server.Repository;

/// <summary>
/// A loaded package, ready to run batches. Immutable but for its leases: who uses it holds one, and the session goes
/// when the repository and the last user have let go. Thread-safe.
/// </summary>
internal sealed class ServedModel : IBatchModel
{
    /// <summary>Distinct row shapes that share batches; further ones run, each by itself.</summary>
    private const int ShapesMax = 64;

    private readonly OrtSession _session;
    private readonly ConcurrentDictionary<string, BatchShape> _shapes = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<int, BatchShape> _tokenShapes = new();
    private readonly ConcurrentBag<RunContext> _idle = [];
    private readonly ConcurrentBag<RunContext> _idleLogit = [];
    private readonly ConcurrentBag<RequestSequencer> _sequencers = [];
    private int _leases = 1;
    private long _rows;

    public ServedModel(ModelPackage package, string file, OrtSession session)
    {
        (Manifest, Digest, File, _session) = (package.Manifest, package.Digest, file, session);
        IsBatchable = session.Inputs.Concat(session.Outputs).All(t => t.Shape is [-1, ..]);
        TakesValues = Manifest.Kind is "payload-cnn" or "onnx-tokens" && IsBatchable
            && session.Inputs is [{ ElementType: OrtElementType.Int32 or OrtElementType.Int64, Shape.Count: 2 }]
            && session.Outputs is [{ ElementType: OrtElementType.Float32 }, ..];
    }

    public ModelManifest Manifest { get; }

    public string Digest { get; }

    /// <summary>File of the package that runs.</summary>
    public string File { get; }

    /// <summary>
    /// Every input and output has a free first dimension, so rows of several requests can be put together.
    /// </summary>
    public bool IsBatchable { get; }

    /// <summary>The package's tokenizer makes its input of values, and its first output is their logit.</summary>
    public bool TakesValues { get; }

    /// <summary>Cuts requests into the rows of a model that reads them whole; null for other models.</summary>
    public SubwordTokenizer? Tokenizer { get; init; }

    /// <summary>Largest difference to the package's golden logits; null without golden vectors.</summary>
    public double? GoldenDifferenceMax { get; set; }

    /// <summary>Rows run so far.</summary>
    public long Rows => Interlocked.Read(ref _rows);

    public IReadOnlyList<OrtTensorInfo> Inputs => _session.Inputs;

    public IReadOnlyList<OrtTensorInfo> Outputs => _session.Outputs;

    /// <summary>True when token inputs are 64 bits wide.</summary>
    public bool HasWideTokens => _session.Inputs[0].ElementType is OrtElementType.Int64;

    /// <summary>Calibrated probability of a logit.</summary>
    public double ProbabilityOf(float logit)
    {
        var (slope, intercept) = Manifest.Calibration is { } c ? (c.Slope, c.Intercept) : (1, 0);
        return 1 / (1 + Math.Exp(-((slope * logit) + intercept)));
    }

    /// <summary>Holds the model; false when it has gone already.</summary>
    public bool TryAcquire()
    {
        var leases = Volatile.Read(ref _leases);
        while (leases > 0)
        {
            var seen = Interlocked.CompareExchange(ref _leases, leases + 1, leases);
            if (seen == leases) return true;
            leases = seen;
        }

        return false;
    }

    /// <summary>Lets go of it.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref _leases) > 0) return;
        while (_idle.TryTake(out var context)) context.Dispose();
        while (_idleLogit.TryTake(out var context)) context.Dispose();
        _session.Dispose();
    }

    /// <summary>Shape of token rows of a padded length; of values only their logit is computed.</summary>
    public BatchShape TokenShape(int length) =>
        _tokenShapes.GetOrAdd(length, static (l, model) => new BatchShape(model, [[l]], isBatchable: true), this);

    /// <summary>Shape of rows as a client gave them (whole tensors where the model cannot be batched).</summary>
    public BatchShape ShapeOf(IReadOnlyList<long[]> rowShapes)
    {
        if (!IsBatchable) return new BatchShape(this, rowShapes, isBatchable: false);
        var key = string.Join(';', rowShapes.Select(s => string.Join(',', s)));
        if (_shapes.TryGetValue(key, out var known)) return known;
        var shape = new BatchShape(this, rowShapes, isBatchable: true);
        return _shapes.Count < ShapesMax ? _shapes.GetOrAdd(key, shape) : shape;
    }

    /// <summary>What cuts requests into rows, for one caller at a time; given back with <see cref="Return"/>.</summary>
    public RequestSequencer Sequencer() => _sequencers.TryTake(out var idle)
        ? idle
        : new RequestSequencer(Tokenizer!, Manifest.RowTokens);

    /// <summary>Takes one back.</summary>
    public void Return(RequestSequencer sequencer) => _sequencers.Add(sequencer);

    /// <summary>
    /// Runs parts of one shape. Holds the model itself: a caller that goes while its batch runs lets go of its own
    /// lease.
    /// </summary>
    public void Run(IReadOnlyList<JobPart> parts)
    {
        if (!TryAcquire()) throw new OrtException("the model was unloaded");
        try
        {
            RunHeld(parts);
        }
        finally
        {
            Release();
        }
    }

    private void RunHeld(IReadOnlyList<JobPart> parts)
    {
        var onlyLogit = IsTokenShape(parts[0].Shape);
        var idle = onlyLogit ? _idleLogit : _idle;
        if (!idle.TryTake(out var context)) context = new RunContext(this, onlyLogit);
        try
        {
            Interlocked.Add(ref _rows, context.Run(parts));
        }
        finally
        {
            idle.Add(context);
        }
    }

    private bool IsTokenShape(BatchShape shape) =>
        TakesValues && shape.RowShapes is [[var length]] && _tokenShapes.TryGetValue((int)length, out var known)
        && ReferenceEquals(known, shape);

    /// <summary>Tensors and names of one run at a time.</summary>
    private sealed class RunContext : IDisposable
    {
        private readonly OrtRawTensor[] _inputs;
        private readonly string[] _outputs;
        private readonly OrtRun _run;

        public RunContext(ServedModel model, bool onlyLogit)
        {
            _inputs = [.. model.Inputs.Select(i => new OrtRawTensor(model._session.Runtime, i.ElementType))];
            _outputs = [.. model.Outputs.Take(onlyLogit ? 1 : int.MaxValue).Select(o => o.Name)];
            _run = model._session.CreateRun([.. model.Inputs.Select(i => i.Name)], _outputs);
        }

        public int Run(IReadOnlyList<JobPart> parts)
        {
            var shape = parts[0].Shape;
            var rows = parts.Sum(p => p.Rows);
            for (var i = 0; i < _inputs.Length; i++)
            {
                _inputs[i].Resize(shape.IsBatchable ? [rows, .. shape.RowShapes[i]] : shape.RowShapes[i]);
                var at = 0;
                foreach (var part in parts)
                {
                    part.Inputs[i].Span.CopyTo(_inputs[i].Bytes[at..]);
                    at += part.Inputs[i].Length;
                }

                if (at != _inputs[i].Bytes.Length)
                    throw new OrtException("an input has other bytes than its shape says");
            }

            var outputs = _run.Run(_inputs);
            try
            {
                Distribute(parts, rows, outputs);
            }
            finally
            {
                foreach (var output in outputs) output.Dispose();
            }

            return rows;
        }

        public void Dispose()
        {
            _run.Dispose();
            foreach (var input in _inputs) input.Dispose();
        }

        private void Distribute(IReadOnlyList<JobPart> parts, int rows, OrtOutput[] outputs)
        {
            var isBatch = parts[0].Shape.IsBatchable;
            for (var o = 0; o < outputs.Length && isBatch; o++)
            {
                if (outputs[o].Shape is not [var first, ..] || first != rows)
                    throw new OrtException($"output {_outputs[o]} does not have one row for each row of the input");
            }

            var at = 0;
            foreach (var part in parts)
            {
                var mine = new PartOutput[outputs.Length];
                for (var o = 0; o < outputs.Length; o++)
                    mine[o] = isBatch ? Slice(o, outputs[o], at, part.Rows, rows) : Whole(o, outputs[o]);
                part.Outputs = mine;
                at += part.Rows;
            }
        }

        private PartOutput Slice(int index, OrtOutput output, int at, int count, int rows)
        {
            var rowBytes = output.Bytes.Length / rows;
            return new PartOutput(
                _outputs[index], output.ElementType, [count, .. output.Shape.Skip(1)],
                output.Bytes.Slice(at * rowBytes, count * rowBytes).ToArray());
        }

        private PartOutput Whole(int index, OrtOutput output) =>
            new(_outputs[index], output.ElementType, output.Shape, output.Bytes.ToArray());
    }
}
