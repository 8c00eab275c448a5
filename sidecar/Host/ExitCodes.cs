namespace WafOperator.Sidecar.Host;

/// <summary>Exit codes, as the help text tells them.</summary>
internal static class ExitCodes
{
    public const int Ok = 0;
    public const int Failed = 1;
    public const int Usage = 2;
    public const int Policy = 3;
    public const int Port = 4;
}
