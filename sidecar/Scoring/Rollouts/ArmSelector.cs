using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace WafOperator.Scoring.Rollouts;

/// <summary>
/// Which arm of a rollout a client is on: a salted hash of the client against the weight. The same on all replicas and over restarts;
/// another salt shuffles the clients anew. Weights 0 and 100 are exact. Pure.
/// </summary>
public static class ArmSelector
{
    private const uint Slots = 1_000_000;

    /// <summary>True when the candidate decides for this client.</summary>
    /// <param name="salt">Salt of the rollout.</param>
    /// <param name="client">Client identity: 16 bytes of its address.</param>
    /// <param name="weightPercent">Share of clients in percent, 0 to 100.</param>
    public static bool IsCandidate(string salt, ReadOnlySpan<byte> client, int weightPercent)
    {
        if (weightPercent <= 0) return false;
        return weightPercent >= 100 || Slot(salt, client) < (ulong)weightPercent * (Slots / 100);
    }

    private static uint Slot(string salt, ReadOnlySpan<byte> client)
    {
        const int saltBytesMax = 256;
        Span<byte> input = stackalloc byte[saltBytesMax + 1 + 64];
        var length = Encoding.UTF8.GetBytes(salt.AsSpan(0, Math.Min(salt.Length, saltBytesMax / 4)), input);
        input[length++] = 0;
        client = client[..Math.Min(client.Length, 64)];
        client.CopyTo(input[length..]);
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(input[..(length + client.Length)], digest);
        return (uint)(BinaryPrimitives.ReadUInt64LittleEndian(digest) % Slots);
    }
}
