namespace RkLlama.Hub.Pull;

/// <summary>A pull was stopped, by the operator or because the server stops. What was downloaded is kept.</summary>
internal sealed class PullStoppedException(Exception cause) : Exception("The pull was stopped. What is there is kept, and the next pull continues with it.", cause);
