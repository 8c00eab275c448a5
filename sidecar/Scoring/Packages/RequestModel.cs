using System.Collections.Concurrent;
using WafOperator.Features;
using WafOperator.Http;
using WafOperator.OnnxRuntime;
using WafOperator.Protocols.Models;

namespace WafOperator.Scoring.Packages;

/// <summary>
/// A transformer that reads whole requests: rows of subwords, of which the worst counts. All of its answer is read:
/// log-odds, how wide they are, family and type.
/// </summary>
public sealed class RequestModel : WholeRequestModel
{
    private readonly OrtSession _session;
    private readonly SubwordTokenizer _tokenizer;
    private readonly ConcurrentBag<RequestReading> _idle = [];
    private readonly string _input;

    private RequestModel(ModelPackage package, SubwordTokenizer tokenizer, OrtSession session)
        : base(package.Manifest, package.Digest)
    {
        (_tokenizer, _session) = (tokenizer, session);
        _input = session.Inputs[0].Name;
    }

    /// <summary>The model of a package of kind <see cref="RequestContract.Kind"/>, or why there is none.</summary>
    /// <exception cref="OrtException">ONNX Runtime does not take the network.</exception>
    internal static ModelLoading Load(ModelPackage package, OrtRuntime runtime, ReadOnlySpan<byte> network)
    {
        if (!package.Files.TryGetValue("tokenizer.json", out var file))
            return new(null, "the package has no tokenizer.json");
        if (SubwordTokenizer.Read(file.Span, out var error) is not { } tokenizer) return new(null, error);
        var session = new OrtSession(runtime, network, new OrtSessionOptions());
        // The file was asked already; what counts is how the runtime understood it.
        if (TensorContract.Problem(package.Manifest, Describe(session.Inputs), Describe(session.Outputs)) is { } misfit)
        {
            session.Dispose();
            return new(null, misfit);
        }

        var model = new RequestModel(package, tokenizer, session);
        if (model.FirstRunProblem() is not { } problem) return new(model, null);
        model.Dispose();
        return new(null, problem);
    }

    /// <summary>A reading to add the parts of a request to; given back with <see cref="Return"/>.</summary>
    internal RequestReading Begin(ReadOnlySpan<byte> method)
    {
        if (!_idle.TryTake(out var reading)) reading = new RequestReading(this, _tokenizer);
        reading.Begin(method);
        return reading;
    }

    /// <summary>
    /// What the model says of a whole request, whatever work that is; null where it can read nothing.
    /// </summary>
    /// <exception cref="OrtException">A run failed.</exception>
    internal RequestAnswer? AnswerTo(CanonicalRequest request)
    {
        var reading = Begin(request[request.Method]);
        try
        {
            foreach (var part in new RequestParts(request)) reading.Add(request, part);
            var workLeft = long.MaxValue;
            return reading.Run(ref workLeft, unitsPerToken: 0, deadline: long.MaxValue);
        }
        finally
        {
            Return(reading);
        }
    }

    /// <summary>Takes a reading back.</summary>
    internal void Return(RequestReading reading) => _idle.Add(reading);

    /// <summary>Tensors for rows of a padded length.</summary>
    internal RowRun RunOf(int length) => new(this, length);

    /// <summary>Runs a row of every length, so that the first request need not.</summary>
    /// <exception cref="OrtException">A run failed.</exception>
    internal void WarmUp()
    {
        var reading = Begin("GET"u8);
        try
        {
            reading.RunEveryLength(last: 0);
        }
        finally
        {
            Return(reading);
        }
    }

    protected override void Dispose(bool disposing)
    {
        while (_idle.TryTake(out var reading)) reading.Dispose();
        _session.Dispose();
        base.Dispose(disposing);
    }

    private static List<NetworkTensor> Describe(IReadOnlyList<OrtTensorInfo> tensors) =>
        [.. tensors.Select(t => new NetworkTensor(t.Name, t.ElementType.ToString().ToLowerInvariant(), t.Shape))];

    /// <summary>
    /// Runs rows of every length, the longest with the vocabulary's last token: a network for fewer tokens, or for
    /// shorter rows, would else fail on requests that a client chooses.
    /// </summary>
    private string? FirstRunProblem()
    {
        var reading = Begin("GET"u8);
        try
        {
            reading.RunEveryLength(_tokenizer.Count - 1);
            return null;
        }
        catch (OrtException failure)
        {
            return $"the network fails on rows of up to {Manifest.RowTokens} of {_tokenizer.Count} tokens (networks "
                + $"may take {_session.Runtime.MemoryBytesMax >> 20} MiB together): {failure.Message}";
        }
        finally
        {
            Return(reading);
        }
    }

    /// <summary>One row's tensors, bound once. Not thread-safe.</summary>
    internal sealed class RowRun : IDisposable
    {
        private readonly OrtTensor<long> _tokens;
        private readonly OrtTensor<float>[] _outputs;
        private readonly OrtBinding _binding;

        public RowRun(RequestModel model, int length)
        {
            var runtime = model._session.Runtime;
            _tokens = new OrtTensor<long>(runtime, 1, length);
            _outputs =
            [
                new(runtime, 1), new(runtime, 1), new(runtime, 1, model.Manifest.Families.Count),
                new(runtime, 1, model.Manifest.Types.Count),
            ];
            _binding = model._session.CreateBinding();
            _binding.BindInput(model._input, _tokens);
            for (var i = 0; i < _outputs.Length; i++) _binding.BindOutput(RequestContract.Outputs[i], _outputs[i]);
        }

        public double Logit => _outputs[0].Span[0];

        public double Uncertainty => _outputs[1].Span[0];

        public ReadOnlySpan<float> Families => _outputs[2].Span;

        public ReadOnlySpan<float> Types => _outputs[3].Span;

        /// <exception cref="OrtException">The run failed.</exception>
        public void Run(ReadOnlySpan<int> row)
        {
            var tokens = _tokens.Span;
            tokens.Clear();
            for (var i = 0; i < row.Length; i++) tokens[i] = row[i];
            _binding.Run();
        }

        public void Dispose()
        {
            _binding.Dispose();
            _tokens.Dispose();
            foreach (var output in _outputs) output.Dispose();
        }
    }
}
