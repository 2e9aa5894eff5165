using System.Net;
using System.Threading.Channels;

namespace RkLlama.Server.Api.Node.Events;

/// <summary>The events for one client. If the client is slow, the oldest events are dropped.</summary>
internal sealed class EventReader(IPAddress address)
{
    private const int Capacity = 32;

    private readonly Channel<byte[]> _events = Channel.CreateBounded<byte[]>(new BoundedChannelOptions(Capacity)
    {
        FullMode = BoundedChannelFullMode.DropOldest,
        SingleReader = true,
        SingleWriter = false,
        AllowSynchronousContinuations = false,
    });

    /// <summary>The address under which the client is counted.</summary>
    internal IPAddress Address => address;

    /// <summary>Adds an event, as it is sent.</summary>
    internal void Add(byte[] message) => _events.Writer.TryWrite(message);

    /// <summary>Waits for an event.</summary>
    internal Task WaitAsync(CancellationToken cancellationToken) => _events.Reader.WaitToReadAsync(cancellationToken).AsTask();

    internal bool TryRead(out byte[]? message) => _events.Reader.TryRead(out message);
}
