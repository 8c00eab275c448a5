namespace WafOperator.OnnxRuntime;

/// <summary>
/// Tensors bound to a session's inputs and outputs (I/O binding): a run reads and writes them where they are. Not thread-safe; one per
/// thread. After a tensor was reshaped it must be bound again.
/// </summary>
public sealed unsafe class OrtBinding : IDisposable
{
    private readonly OrtSession _session;
    private readonly OrtHandle _binding;
    private readonly OrtHandle _runOptions;

    internal OrtBinding(OrtSession session)
    {
        _session = session;
        var api = session.Runtime.Api;
        void* binding, runOptions;
        api.Check(((delegate* unmanaged<void*, void**, void*>)api[Slot.CreateIoBinding])(session.Handle.Pointer, &binding));
        _binding = new OrtHandle(api, Slot.ReleaseIoBinding, binding);
        api.Check(((delegate* unmanaged<void**, void*>)api[Slot.CreateRunOptions])(&runOptions));
        _runOptions = new OrtHandle(api, Slot.ReleaseRunOptions, runOptions);
    }

    /// <summary>Binds a tensor to the input of that name.</summary>
    public void BindInput(string name, OrtTensor tensor) => Bind(Slot.BindInput, name, tensor);

    /// <summary>Binds a tensor to the output of that name; the run writes into it.</summary>
    public void BindOutput(string name, OrtTensor tensor) => Bind(Slot.BindOutput, name, tensor);

    /// <summary>Runs the model once.</summary>
    /// <exception cref="OrtException">The run failed or was terminated.</exception>
    public void Run()
    {
        var api = _session.Runtime.Api;
        api.Check(((delegate* unmanaged<void*, void*, void*, void*>)api[Slot.RunWithBinding])(
            _session.Handle.Pointer, _runOptions.Pointer, _binding.Pointer));
        GC.KeepAlive(_session);
    }

    /// <summary>From another thread: ends the run that is under way as soon as an operator returns.</summary>
    public void Terminate()
    {
        var api = _session.Runtime.Api;
        api.Check(((delegate* unmanaged<void*, void*>)api[Slot.RunOptionsSetTerminate])(_runOptions.Pointer));
    }

    /// <summary>Takes <see cref="Terminate"/> back, so that the binding can run again.</summary>
    public void ResetTerminate()
    {
        var api = _session.Runtime.Api;
        api.Check(((delegate* unmanaged<void*, void*>)api[Slot.RunOptionsUnsetTerminate])(_runOptions.Pointer));
    }

    public void Dispose()
    {
        _binding.Dispose();
        _runOptions.Dispose();
    }

    private void Bind(Slot slot, string name, OrtTensor tensor)
    {
        ArgumentNullException.ThrowIfNull(tensor);
        var api = _session.Runtime.Api;
        fixed (byte* utf8 = NativeApi.Utf8(name))
        {
            api.Check(((delegate* unmanaged<void*, byte*, void*, void*>)api[slot])(
                _binding.Pointer, utf8, tensor.Value.Pointer));
        }
    }
}
