namespace WafOperator.Http;

/// <summary>Memory that all requests share, from which what a body grows to when it is unpacked is taken.</summary>
public interface IMemoryRoom
{
    /// <summary>
    /// False, and nothing is taken, when so many bytes are not left. What was taken, the owner gives back.
    /// </summary>
    bool TryTake(int bytes);
}
