namespace Grpc.Core;

/// <summary>Adds the headers that prove who calls, e.g. <c>authorization</c>, to a call about to start.</summary>
public delegate Task AsyncAuthInterceptor(AuthInterceptorContext context, Metadata metadata);
