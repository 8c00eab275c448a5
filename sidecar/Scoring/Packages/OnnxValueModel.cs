using System.Collections.Concurrent;
using WafOperator.Features;
using WafOperator.OnnxRuntime;
using WafOperator.Protocols.Models;

namespace WafOperator.Scoring.Packages;

/// <summary>
/// A network over tokens of a value's windows, run by ONNX Runtime. Each run takes a context with preset tensors from a pool, so a
/// call allocates nothing once as many contexts exist as calls run at once.
/// </summary>
internal sealed class OnnxValueModel : ValueModel
{
    private readonly OrtSession _session;
    private readonly string _input;
    private readonly string _output;
    private readonly ConcurrentBag<Context> _idle = [];

    public OnnxValueModel(ModelPackage package, OrtRuntime runtime, ReadOnlySpan<byte> model)
        : base(package.Manifest, package.Digest)
    {
        _session = new OrtSession(runtime, model, new OrtSessionOptions());
        // The file was asked already; what counts is how the runtime understood it.
        var problem = TensorContract.Problem(
            package.Manifest, Describe(_session.Inputs), Describe(_session.Outputs));
        if (problem is not null)
        {
            _session.Dispose();
            throw new OrtException(problem);
        }

        var (input, output) = (_session.Inputs[0], _session.Outputs[0]);
        (_input, _output) = (input.Name, output.Name);
        IsWide = input.ElementType == OrtElementType.Int64;
    }

    private bool IsWide { get; }

    public override double Logit(ReadOnlySpan<byte> normalized, ValueFlags flags)
    {
        if (!_idle.TryTake(out var context)) context = new Context(this);
        try
        {
            var best = double.NegativeInfinity;
            var windows = CnnTokenizer.WindowCount(normalized.Length);
            for (var i = 0; i < windows; i++)
                best = Math.Max(best, context.Run(normalized[CnnTokenizer.Window(normalized.Length, i)], flags));
            return best;
        }
        finally
        {
            _idle.Add(context);
        }
    }

    /// <summary>
    /// Runs the longest window there is. A graph says nothing of what it makes in between; its largest input does, and
    /// what does not fit into the memory of networks is refused now instead of failing for the first long value.
    /// </summary>
    public string? FirstRunProblem()
    {
        Span<byte> longest = stackalloc byte[CnnTokenizer.WindowBytes];
        longest.Fill((byte)'a');
        try
        {
            Logit(longest, ValueFlags.None);
            return null;
        }
        catch (OrtException failure) when (failure.Code is OrtErrorCode.InvalidArgument)
        {
            // It cannot take this text, which has nothing to do with memory: evaluation and shadow count such errors.
            return null;
        }
        catch (OrtException failure)
        {
            return $"the network fails on a value of {longest.Length} bytes (networks may take "
                + $"{_session.Runtime.MemoryBytesMax >> 20} MiB together): {failure.Message}";
        }
    }

    protected override void Dispose(bool disposing)
    {
        while (_idle.TryTake(out var context)) context.Dispose();
        _session.Dispose();
        base.Dispose(disposing);
    }

    private static List<NetworkTensor> Describe(IReadOnlyList<OrtTensorInfo> tensors) =>
        [.. tensors.Select(t => new NetworkTensor(t.Name, t.ElementType.ToString().ToLowerInvariant(), t.Shape))];

    /// <summary>Tensors and bindings for each padded length, made when first needed.</summary>
    private sealed class Context(OnnxValueModel model) : IDisposable
    {
        private readonly int[] _tokens = new int[CnnTokenizer.TokensMax];
        private readonly Dictionary<int, Bound> _byLength = [];

        public double Run(ReadOnlySpan<byte> window, ValueFlags flags)
        {
            var length = CnnTokenizer.Tokenize(window, flags, _tokens);
            if (!_byLength.TryGetValue(length, out var bound)) _byLength[length] = bound = new Bound(model, length);
            return bound.Run(_tokens.AsSpan(0, length));
        }

        public void Dispose()
        {
            foreach (var bound in _byLength.Values) bound.Dispose();
        }
    }

    private sealed class Bound : IDisposable
    {
        private readonly OrtTensor<int>? _narrow;
        private readonly OrtTensor<long>? _wide;
        private readonly OrtTensor<float> _logit;
        private readonly OrtBinding _binding;

        public Bound(OnnxValueModel model, int length)
        {
            var runtime = model._session.Runtime;
            if (model.IsWide) _wide = new OrtTensor<long>(runtime, 1, length);
            else _narrow = new OrtTensor<int>(runtime, 1, length);
            var rank = model._session.Outputs[0].Shape.Count;
            _logit = rank == 1 ? new OrtTensor<float>(runtime, 1) : new OrtTensor<float>(runtime, 1, 1);
            _binding = model._session.CreateBinding();
            _binding.BindInput(model._input, (OrtTensor?)_wide ?? _narrow!);
            _binding.BindOutput(model._output, _logit);
        }

        public double Run(ReadOnlySpan<int> tokens)
        {
            if (_narrow is not null) tokens.CopyTo(_narrow.Span);
            else for (var i = 0; i < tokens.Length; i++) _wide!.Span[i] = tokens[i];
            _binding.Run();
            return _logit.Span[0];
        }

        public void Dispose()
        {
            _binding.Dispose();
            _narrow?.Dispose();
            _wide?.Dispose();
            _logit.Dispose();
        }
    }
}
