using System.Collections.Concurrent;
using WafOperator.Engine.Compilation;
using WafOperator.Engine.Evaluation;
using WafOperator.Engine.Program;
using WafOperator.SecLang;

namespace WafOperator.Engine;

/// <summary>
/// Rules compiled for evaluation. Immutable, shareable among threads; swap one for another at any time, transactions
/// keep the one they were rented from. Source of the semantics: ModSecurity reference manual (v3.x) and ModSecurity 3's
/// behaviour.
/// </summary>
public sealed class RuleProgram
{
    private const int IdleTransactionsMax = 256;

    private readonly ConcurrentQueue<Transaction> _idle = new();
    private int _idleCount;

    internal RuleProgram(ProgramParts parts)
    {
        Parts = parts;
        WebAppIdBytes = System.Text.Encoding.UTF8.GetBytes(parts.Settings.WebAppId);
        Collections = parts.Options.Collections ?? new CollectionStore(parts.Options.Limits, parts.Options.Time);
        Start = parts.Options.Prefilter ? new Transaction(this).Prepare() : null;
    }

    /// <summary>Rules of all phases, links of chains not counted.</summary>
    public int RuleCount => Parts.Heads.Length;

    /// <summary>The mode the rules ask for, under the options' ceiling.</summary>
    public EngineMode Mode => Parts.Settings.Mode;

    /// <summary>
    /// Whether the rules want request bodies (<c>SecRequestBodyAccess</c>; on where nothing is said).
    /// </summary>
    public bool WantsRequestBody => Parts.Settings.RequestBodyAccess;

    /// <summary>
    /// Whether the rules want response bodies (<c>SecResponseBodyAccess</c>; off where nothing is said).
    /// </summary>
    public bool WantsResponseBody => Parts.Settings.ResponseBodyAccess;

    /// <summary>What the rules' set-up directives say.</summary>
    public EngineSettings Settings => Parts.Settings;

    /// <summary>The persistent collections this program's transactions use.</summary>
    public CollectionStore Collections { get; }

    /// <summary>The ids of all rules that run, in order of definition.</summary>
    public IEnumerable<long> RuleIds => Parts.Heads.Select(rule => rule.Id);

    internal ProgramParts Parts { get; }

    /// <summary>What the first rules bring about for every request; null where nothing is known beforehand.</summary>
    internal PreparedStart? Start { get; }

    internal byte[] WebAppIdBytes { get; }

    /// <summary>
    /// Compiles a document. There is a program unless the diagnostics hold an error; refused constructs leave their
    /// rule without effect.
    /// </summary>
    public static RuleCompilation Compile(SecLangDocument document, EngineOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(document);
        return RuleCompiler.Compile(document, options ?? EngineOptions.Default);
    }

    /// <summary>Takes a transaction for one request. Give it back with <see cref="Transaction.Dispose"/>.</summary>
    public Transaction Rent()
    {
        if (_idle.TryDequeue(out var transaction))
        {
            Interlocked.Decrement(ref _idleCount);
            return transaction;
        }

        return new Transaction(this);
    }

    internal void Return(Transaction transaction)
    {
        if (Interlocked.Increment(ref _idleCount) <= IdleTransactionsMax)
        {
            _idle.Enqueue(transaction);
            return;
        }

        Interlocked.Decrement(ref _idleCount);
    }
}
