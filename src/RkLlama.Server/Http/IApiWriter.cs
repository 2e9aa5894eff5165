using System.Buffers;
using RkLlama.Engine.Generation;

namespace RkLlama.Server.Http;

/// <summary>Writes one answer in the form of its API. One per answer, used by its request only.</summary>
internal interface IApiWriter
{
    /// <summary>The content type of the answer as a stream.</summary>
    string StreamContentType { get; }

    /// <summary>The answer as one JSON object, without a newline.</summary>
    byte[] Whole(WholeAnswer answer);

    /// <summary>Writes the events or lines of a stream that stand for one event of the answer; possibly none.</summary>
    void WriteEvent(GenerationEvent item, IBufferWriter<byte> output);

    /// <summary>Writes what keeps a silent stream alive. Clients must take it for nothing.</summary>
    void WriteKeepAlive(IBufferWriter<byte> output);

    /// <summary>Writes the last event or line of a stream that has failed.</summary>
    void WriteError(ApiException error, IBufferWriter<byte> output);
}
