using System.Text;

namespace WafOperator.Proxy.Tests.Unseen;

/// <summary>A part of a request as it goes over the wire, and how long the client waits before it sends it.</summary>
/// <param name="Bytes">What is sent.</param>
/// <param name="Pause">The wait before.</param>
internal readonly record struct WirePart(byte[] Bytes, TimeSpan Pause);

/// <summary>An ordinary request with an attack somewhere in it.</summary>
/// <param name="Number">Which one; its path names it, so that events and arrivals can be told apart.</param>
/// <param name="Name">Base, carrier, encoding, padding and disguises, for a failure's text.</param>
/// <param name="Wire">The request in the pieces in which it is sent.</param>
/// <param name="Carried">
/// The bytes of head or body that hold the attack as the application gets it. What does not arrive does no harm.
/// </param>
internal sealed record HiddenAttack(int Number, string Name, IReadOnlyList<WirePart> Wire, byte[] Carried)
{
    /// <summary>What the tests' rules look for: letters alone, so that every encoding is one by choice.</summary>
    public const string Marker = "evilmarker";

    /// <summary>What the model of these tests knows: models are not shown plain words, so one byte is odd.</summary>
    public const string OddMarker = "evil$marker$";

    /// <summary>The wire speaks HTTP/2 from its first byte, and so must the application.</summary>
    public bool IsHttp2 { get; init; }

    /// <summary>Path segment that names a request.</summary>
    public static string Segment(int number) => $"c{number}z";

    public override string ToString() =>
        $"{Number}: {Name}\n{Encoding.Latin1.GetString([.. Wire.SelectMany(part => part.Bytes).Take(1200)])}";
}
