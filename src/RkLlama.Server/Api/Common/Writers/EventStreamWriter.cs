using System.Buffers;
using System.Globalization;
using RkLlama.Engine.Generation;
using RkLlama.Engine.Scheduling;
using RkLlama.Server.Http.Errors;
using RkLlama.Server.Http.Results;

namespace RkLlama.Server.Api.Common.Writers;

/// <summary>Base class of the writers whose streams are server-sent events. A keep-alive is a comment, which tells the place in the queue while the request waits.</summary>
internal abstract class EventStreamWriter : IApiWriter
{
    public string StreamContentType => JsonEventWriter.SseContentType;

    protected JsonEventWriter Events { get; } = new();

    public abstract byte[] SerializeComplete(CompleteOutput answer);

    public virtual byte[] SerializeAll(IReadOnlyList<CompleteOutput> answers) => SerializeComplete(answers[0]);

    public abstract void WriteEvent(GenerationEvent item, IBufferWriter<byte> output);

    public virtual void WriteKeepAlive(IBufferWriter<byte> output) => JsonEventWriter.WriteSseComment(output);

    public virtual void WriteKeepAlive(QueuePlace? place, IBufferWriter<byte> output)
    {
        if (place is { } known)
            JsonEventWriter.WriteSseComment(output, string.Create(CultureInfo.InvariantCulture, $"queue position={known.Position} wait_seconds={known.WaitSeconds}"));
        else
            WriteKeepAlive(output);
    }

    public abstract void WriteError(ApiException error, IBufferWriter<byte> output);

    /// <summary>
    /// Returns the prefix, such as <c>chatcmpl-</c>, followed by 24 hexadecimal digits of the random generator of the system: on a node without an API key, only the
    /// id protects a stored response.
    /// </summary>
    internal static string NewId(string prefix)
    {
        // A GUID has 122 random bits of the system, but its digits 12 and 16 are fixed or nearly so.
        ReadOnlySpan<char> digits = Guid.NewGuid().ToString("N");
        return string.Concat(prefix, digits[..12], digits[20..]);
    }
}
