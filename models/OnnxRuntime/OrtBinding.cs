using Microsoft.ML.OnnxRuntime;

namespace WafOperator.OnnxRuntime;

/// <summary>
/// Tensors bound to a session's inputs and outputs (I/O binding): a run reads and writes them where they are. Not thread-safe; one per
/// thread. After a tensor was reshaped it must be bound again.
/// </summary>
public sealed class OrtBinding : IDisposable
{
    private readonly OrtSession _session;
    private readonly OrtIoBinding _binding;
    private readonly RunOptions _runOptions;

    internal OrtBinding(OrtSession session)
    {
        _session = session;
        try
        {
            _binding = session.Native.CreateIoBinding();
            _runOptions = new RunOptions();
        }
        catch (OnnxRuntimeException failure)
        {
            throw OrtException.From(failure);
        }
    }

    /// <summary>Binds a tensor to the input of that name.</summary>
    public void BindInput(string name, OrtTensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        try
        {
            _binding.BindInput(name, tensor.Value);
        }
        catch (OnnxRuntimeException failure)
        {
            throw OrtException.From(failure);
        }
    }

    /// <summary>Binds a tensor to the output of that name; the run writes into it.</summary>
    public void BindOutput(string name, OrtTensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        try
        {
            _binding.BindOutput(name, tensor.Value);
        }
        catch (OnnxRuntimeException failure)
        {
            throw OrtException.From(failure);
        }
    }

    /// <summary>Runs the model once.</summary>
    /// <exception cref="OrtException">The run failed or was terminated.</exception>
    public void Run()
    {
        try
        {
            _session.Native.RunWithBinding(_runOptions, _binding);
        }
        catch (OnnxRuntimeException failure)
        {
            throw OrtException.From(failure);
        }

        GC.KeepAlive(_session);
    }

    /// <summary>From another thread: ends the run that is under way as soon as an operator returns.</summary>
    public void Terminate() => _runOptions.Terminate = true;

    /// <summary>Takes <see cref="Terminate"/> back, so that the binding can run again.</summary>
    public void ResetTerminate() => _runOptions.Terminate = false;

    public void Dispose()
    {
        _binding.Dispose();
        _runOptions.Dispose();
    }
}
