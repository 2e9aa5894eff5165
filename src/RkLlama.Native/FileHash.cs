using RkLlama.Native.Interop;

namespace RkLlama.Native;

/// <summary>Computes SHA-256 without libssl, which a machine may not have.</summary>
public static class FileHash
{
    /// <summary>Returns the SHA-256 of a stream from its position to its end, as 64 lower-case hexadecimal digits. Blocks while it reads.</summary>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static string Sha256Of(Stream stream, CancellationToken cancellationToken = default) =>
        Convert.ToHexStringLower(Sha256.HashStream(stream, cancellationToken));

    /// <summary>Returns the SHA-256 of bytes, as 64 lower-case hexadecimal digits.</summary>
    public static string Sha256Of(ReadOnlySpan<byte> data) => Convert.ToHexStringLower(Sha256.HashData(data));
}
