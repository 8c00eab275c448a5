using System.Buffers;
using WafOperator.Features;
using WafOperator.Protocols.Inference;
using WafOperator.Scoring.Packages;

namespace WafOperator.Scoring.Pool;

/// <summary>
/// What one request asks of a pool: values that local models leave open, by model. Not thread-safe.
/// </summary>
public sealed class PoolQuestions
{
    /// <summary>
    /// Values asked of one model for one request; those that come after are decided by local models.
    /// </summary>
    public const int ValuesMax = 64;

    private readonly List<PoolQuestion> _models = [];

    public IReadOnlyList<PoolQuestion> Models => _models;

    /// <summary>Nothing is asked.</summary>
    public bool IsEmpty => _models.Count == 0;

    /// <summary>Asks for a value once.</summary>
    internal void Add(ValueModel model, ulong key, ReadOnlySpan<byte> value, ValueFlags flags, bool isDeciding)
    {
        var question = _models.Find(m => ReferenceEquals(m.Model, model));
        if (question is null) _models.Add(question = new PoolQuestion(model));
        question.Add(key, value, flags, isDeciding);
    }
}

/// <summary>The values that one model is asked for, as the pool's compact request.</summary>
public sealed class PoolQuestion
{
    private readonly ArrayBufferWriter<byte> _body = new(512);
    private readonly List<ulong> _keys = [];

    internal PoolQuestion(ValueModel model)
    {
        Model = model;
        CompactRequest.Begin(_body, model.Digest);
    }

    public ValueModel Model { get; }

    /// <summary>A version that decides asks; else only its comparison does.</summary>
    public bool IsDeciding { get; private set; }

    /// <summary>Number of values.</summary>
    public int Count => _keys.Count;

    /// <summary>The request's body.</summary>
    public byte[] ToBody()
    {
        var body = _body.WrittenSpan.ToArray();
        CompactRequest.SetCount(body, _keys.Count);
        return body;
    }

    /// <summary>Takes the answer, in the order of the body.</summary>
    /// <param name="answers">Where to.</param>
    /// <param name="logits">One a value.</param>
    /// <param name="ticks">Stopwatch ticks that the answer took.</param>
    public void Answer(PoolAnswers answers, ReadOnlySpan<float> logits, long ticks) =>
        answers.Add(Model, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_keys), logits, ticks);

    internal void Add(ulong key, ReadOnlySpan<byte> value, ValueFlags flags, bool isDeciding)
    {
        IsDeciding |= isDeciding;
        if (_keys.Count == PoolQuestions.ValuesMax || _keys.Contains(key)) return;
        _keys.Add(key);
        CompactRequest.Add(_body, value, (int)flags);
    }
}

/// <summary>What the pool answered; models without an answer are simply not there. Thread-safe to fill.</summary>
public sealed class PoolAnswers
{
    private readonly Dictionary<ulong, double> _logits = [];
    private readonly Dictionary<ValueModel, long> _ticks = [];
    private readonly Lock _lock = new();

    internal void Add(ValueModel model, ReadOnlySpan<ulong> keys, ReadOnlySpan<float> logits, long ticks)
    {
        lock (_lock)
        {
            for (var i = 0; i < keys.Length; i++) _logits[keys[i]] = logits[i];
            _ticks[model] = ticks;
        }
    }

    internal bool TryGet(ulong key, out double logit)
    {
        lock (_lock) return _logits.TryGetValue(key, out logit);
    }

    /// <summary>Stopwatch ticks that the model's answer took; 0 without one.</summary>
    internal long TicksOf(ValueModel model)
    {
        lock (_lock) return _ticks.GetValueOrDefault(model);
    }
}
