namespace WafOperator.Fuzz.Running;

/// <summary>
/// One thing to throw inputs at. Add a class that derives from this one anywhere in the assembly; it is found by
/// itself, run for a moment with the tests and for as long as wanted by the program.
/// </summary>
public abstract class FuzzTarget
{
    /// <summary>Short name for the command line and reports.</summary>
    public abstract string Name { get; }

    /// <summary>Makes the next input. All chance comes from <paramref name="random"/>.</summary>
    public abstract byte[] Generate(Random random);

    /// <summary>
    /// Runs the input; throws <see cref="FuzzFailureException"/> when a property is broken. Any other exception is a
    /// crash and counts as a failure too. May use <paramref name="random"/> for choices beside the input.
    /// </summary>
    public abstract void Check(byte[] input, Random random);

    /// <summary>Throws when a property does not hold.</summary>
    protected static void Require(bool holds, string property)
    {
        if (!holds) throw new FuzzFailureException(property);
    }
}

/// <summary>A property that did not hold.</summary>
public sealed class FuzzFailureException(string property) : Exception(property);
