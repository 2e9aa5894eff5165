using System.Globalization;

namespace RkLlama.Hub.Hubs;

/// <summary>The body of an answer. A read fails if no byte comes for a time. Not thread-safe.</summary>
internal sealed class StallGuardStream(Stream inner, Uri address, TimeSpan timeout, TimeProvider clock) : Stream
{
    private CancellationTokenSource _stall = new(timeout, clock);

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <exception cref="HubException">No byte came in time, or the connection broke (<see cref="HubError.Unreachable"/>).</exception>
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!_stall.TryReset())
        {
            _stall.Dispose();
            _stall = new(timeout, clock);
        }

        _stall.CancelAfter(timeout);
        using CancellationTokenRegistration registration = cancellationToken.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), _stall);
        try
        {
            return await inner.ReadAsync(buffer, _stall.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new HubException(HubError.Unreachable, string.Create(CultureInfo.InvariantCulture, $"{address.Host} sent no byte for {timeout.TotalSeconds:0.#} s"));
        }
        catch (Exception ex) when (ex is IOException or HttpRequestException)
        {
            // .NET adds the number of missing bytes and the name of its error.
            string reason = ex is HttpIOException { HttpRequestError: HttpRequestError.ResponseEnded } ? "before the end of the file" : $"({(ex.InnerException ?? ex).Message.Split(" (", 2)[0].TrimEnd('.')})";
            throw new HubException(HubError.Unreachable, $"{address.Host} cut the connection {reason}", ex);
        }
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
            _stall.Dispose();
        }

        base.Dispose(disposing);
    }
}
