using System.Globalization;
using Microsoft.ML.OnnxRuntime;

namespace WafOperator.OnnxRuntime;

/// <summary>
/// How much memory networks may take. What a graph makes in between (a broadcast over three axes, a tensor joined with
/// itself thirty times) says little of the size of its file, so it is bounded where it is allocated: a run that
/// wants more fails, with ONNX Runtime's words, and the process goes on.
/// </summary>
public static class OrtMemory
{
    /// <summary>
    /// Largest tensor that may be computed once and for all while a graph is loaded, in bytes; a larger one is computed
    /// in each run. What is computed while loading does not come out of the bounded memory.
    /// </summary>
    public const int FoldedBytesMax = 16 << 20;

    /// <summary>Part of the process's memory that all its sessions together may take.</summary>
    private const int Share = 3;

    private const long BytesMin = 64L << 20;

    /// <summary>The native setting has 32 bits.</summary>
    private const long BytesMax = uint.MaxValue;

    /// <summary>
    /// Bytes that all sessions of a process may take together, weights of networks included, when the process may take
    /// <paramref name="availableBytes"/>: a third of them, at least 64 MiB, less than 4 GiB.
    /// </summary>
    public static long LimitOf(long availableBytes) => Math.Clamp(availableBytes / Share, BytesMin, BytesMax);

    /// <summary>Makes the one arena of the process. Sessions with <see cref="Apply"/> allocate from it.</summary>
    internal static void Register(OrtEnv environment, long limitBytes)
    {
        const int chosenByTheRuntime = -1;
        using var memory = new OrtMemoryInfo(
            OrtMemoryInfo.allocatorCPU, OrtAllocatorType.ArenaAllocator, 0, OrtMemType.Default);
        using var arena = new OrtArenaCfg(
            checked((uint)limitBytes), chosenByTheRuntime, chosenByTheRuntime, chosenByTheRuntime);
        environment.CreateAndRegisterAllocator(memory, arena);
    }

    /// <summary>Makes a session allocate from the bounded arena.</summary>
    internal static void Apply(SessionOptions session)
    {
        session.AddSessionConfigEntry("session.use_env_allocators", "1");
        session.AddSessionConfigEntry(
            "optimization.constant_folding_max_output_size_in_bytes",
            FoldedBytesMax.ToString(CultureInfo.InvariantCulture));
    }
}
