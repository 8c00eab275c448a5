using System.Buffers;
using WafOperator.Features;
using WafOperator.Protocols.Inference;
using WafOperator.Scoring.Packages;

namespace WafOperator.Scoring.Pool;

/// <summary>
/// What one request asks of a pool: values and the request itself where local models leave it open, by model. Holds
/// what local models of whole requests said on the way, so that they are not run again. Not thread-safe.
/// </summary>
public sealed class PoolQuestions
{
    /// <summary>
    /// Values asked of one model for one request; those that come after are decided by local models.
    /// </summary>
    public const int ValuesMax = 64;

    private readonly List<PoolQuestion> _models = [];
    private readonly List<KeptAnswer> _kept = [];

    public IReadOnlyList<PoolQuestion> Models => _models;

    /// <summary>Nothing is asked, and nothing is worth keeping.</summary>
    public bool IsEmpty => _models.Count == 0 && _kept.Count == 0;

    /// <summary>Room for the answers, with what is known already.</summary>
    public PoolAnswers NewAnswers() => new(_kept);

    /// <summary>Asks for a value once.</summary>
    internal void Add(ValueModel model, ulong key, ReadOnlySpan<byte> value, ValueFlags flags, bool isDeciding)
    {
        var question = (ValueQuestion?)_models.Find(m => ReferenceEquals(m.Model, model));
        if (question is null) _models.Add(question = new ValueQuestion(model));
        question.Add(key, value, flags, isDeciding);
    }

    /// <summary>Asks for the request as a whole.</summary>
    internal void Add(RemoteRequestModel model, RemoteReading reading, bool isDeciding) =>
        _models.Add(new RequestQuestion(model, reading.ToBody(), reading.IsCut, isDeciding));

    /// <summary>Keeps what a model of this process said of the request as a whole.</summary>
    internal void Keep(ValueModel model, in RequestAnswer answer, long ticks) => _kept.Add(new(model, answer, ticks));

    /// <summary>True when the model is asked for a value.</summary>
    internal bool AsksValues => _models.Exists(m => m is ValueQuestion);
}

/// <summary>What a model said of a request as a whole, and stopwatch ticks that it took.</summary>
internal readonly record struct KeptAnswer(ValueModel Model, RequestAnswer Answer, long Ticks);

/// <summary>What one model is asked, as one compact request.</summary>
public abstract class PoolQuestion
{
    private protected PoolQuestion(ValueModel model) => Model = model;

    public ValueModel Model { get; }

    /// <summary>A version that decides asks; else only its comparison does.</summary>
    public bool IsDeciding { get; private protected set; }

    /// <summary>How many numbers the answer has.</summary>
    public abstract int Count { get; }

    /// <summary>The request's body.</summary>
    public abstract byte[] ToBody();

    /// <summary>Takes the answer, in the order of the body.</summary>
    /// <param name="answers">Where to.</param>
    /// <param name="numbers">As many as <see cref="Count"/>.</param>
    /// <param name="ticks">Stopwatch ticks that the answer took.</param>
    /// <returns>False for numbers that the model could not have given: then nothing is taken.</returns>
    public abstract bool Answer(PoolAnswers answers, ReadOnlySpan<float> numbers, long ticks);
}

/// <summary>The values that one model is asked for; a logit for each.</summary>
internal sealed class ValueQuestion : PoolQuestion
{
    private readonly ArrayBufferWriter<byte> _body = new(512);
    private readonly List<ulong> _keys = [];

    public ValueQuestion(ValueModel model) : base(model) => CompactRequest.Begin(_body, model.Digest);

    public override int Count => _keys.Count;

    public override byte[] ToBody()
    {
        var body = _body.WrittenSpan.ToArray();
        CompactRequest.SetCount(body, _keys.Count);
        return body;
    }

    public override bool Answer(PoolAnswers answers, ReadOnlySpan<float> numbers, long ticks)
    {
        answers.Add(Model, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_keys), numbers, ticks);
        return true;
    }

    public void Add(ulong key, ReadOnlySpan<byte> value, ValueFlags flags, bool isDeciding)
    {
        IsDeciding |= isDeciding;
        if (_keys.Count == PoolQuestions.ValuesMax || _keys.Contains(key)) return;
        _keys.Add(key);
        CompactRequest.Add(_body, value, (int)flags);
    }
}

/// <summary>The request as a whole.</summary>
internal sealed class RequestQuestion : PoolQuestion
{
    private readonly RemoteRequestModel _model;
    private readonly byte[] _body;
    private readonly bool _isCut;

    public RequestQuestion(RemoteRequestModel model, byte[] body, bool isCut, bool isDeciding) : base(model)
    {
        (_model, _body, _isCut) = (model, body, isCut);
        IsDeciding = isDeciding;
    }

    public override int Count => CompactWholeRequest.AnswerNumbers;

    public override byte[] ToBody() => _body;

    public override bool Answer(PoolAnswers answers, ReadOnlySpan<float> numbers, long ticks)
    {
        if (_model.AnswerOf(numbers, _isCut) is not { } answer) return false;
        answers.Add(new KeptAnswer(_model, answer, ticks));
        return true;
    }
}

/// <summary>What the pool answered; models without an answer are simply not there. Thread-safe to fill.</summary>
public sealed class PoolAnswers
{
    private readonly Dictionary<ulong, double> _logits = [];
    private readonly Dictionary<ValueModel, long> _ticks = [];
    private readonly Dictionary<ValueModel, RequestAnswer> _wholes = [];
    private readonly Lock _lock = new();

    /// <summary>Answers of which none is known yet.</summary>
    public PoolAnswers()
    {
    }

    internal PoolAnswers(IEnumerable<KeptAnswer> known)
    {
        foreach (var answer in known) Add(answer);
    }

    internal void Add(ValueModel model, ReadOnlySpan<ulong> keys, ReadOnlySpan<float> logits, long ticks)
    {
        lock (_lock)
        {
            for (var i = 0; i < keys.Length; i++) _logits[keys[i]] = logits[i];
            _ticks[model] = ticks;
        }
    }

    internal void Add(in KeptAnswer answer)
    {
        lock (_lock)
        {
            _wholes[answer.Model] = answer.Answer;
            _ticks[answer.Model] = answer.Ticks;
        }
    }

    internal bool TryGet(ulong key, out double logit)
    {
        lock (_lock) return _logits.TryGetValue(key, out logit);
    }

    /// <summary>What the model said of the request as a whole.</summary>
    internal bool TryGet(ValueModel model, out RequestAnswer answer)
    {
        lock (_lock) return _wholes.TryGetValue(model, out answer);
    }

    /// <summary>Stopwatch ticks that the model's answer took; 0 without one.</summary>
    internal long TicksOf(ValueModel model)
    {
        lock (_lock) return _ticks.GetValueOrDefault(model);
    }
}
